// Many calls in one process: how many there may be, whose each is, and their common end.

import { type Abortable, Conversation, opened, watch } from "./conversation.js";
import { string as aString, Invalid, lifted, Misuse, made, millis } from "./errors.js";
import { hub } from "./hub.js";
import { type NativeCall, type NativeOp, type NativePool, native } from "./native.js";
import { aBudget, type Budget, budgetOf, encode, OPTIONS, type Options } from "./options.js";
import { aService, Bedrock } from "./service.js";
import { text as aText, check, inside, type Kinds, needed, time, whole } from "./shape.js";
import { Snapshot } from "./snapshot.js";
import { named, someTools, Toolbox, type Tools } from "./tools.js";

/** What a pool is to be; times are milliseconds. */
export interface PoolOptions {
  /** How many calls there may be; 100 without it. */
  conversations?: number | undefined;
  /** How many of them one owner may have. */
  perOwner?: number | undefined;
  /** After how long a call that nobody holds is ended; two minutes without it. */
  idle?: number | undefined;
  /** What an owner's calls may use together, in a period of `per`. */
  ownerBudget?: { budget: Budget; per: number };
  /** Keeps calls so that another process can go on with them: a folder, or `redis://…`; `"memory"` for neither. */
  store?: string | undefined;
  /** How other processes, or a load balancer, reach this one. */
  hint?: string | undefined;
  /** How long this process may be silent before another one takes its calls over; 15 s without it. */
  lease?: number | undefined;
  /** The way to the service that the calls share. */
  service?: Bedrock | undefined;
  /** Offered to every call, and given again to calls that are resumed. */
  tools?: Tools | undefined;
}

/** How full a pool is. */
export interface PoolStats {
  live: number;
  opening: number;
  limit: number;
  draining: boolean;
}

/** What became of the calls of a pool that was drained. */
export interface Drained {
  finished: number;
  closed: number;
  parked: number;
  dropped: number;
}

/**
 * Where a call is: in this pool; in another process, reached by `hint`, which may be taken over in `remainingMs` if it is
 * dead; or in none, and `resume` takes it over.
 */
export type Whereabouts =
  | { where: "here" }
  | { where: "elsewhere"; hint: string; remainingMs: number }
  | { where: "left" };

/** A call of a pool. While anybody holds one, the call is not idle. Disposing of it, or dropping it, does not end the call. */
export class PooledConversation extends Conversation {
  /** Names the call, in every process that ever has it. */
  readonly id: string;
  /** Whose it is. */
  readonly owner: string;

  private constructor(call: NativeCall, service: Bedrock) {
    super(call, service, () => {});
    this.id = call.id ?? "";
    this.owner = call.owner ?? "";
  }

  /** @internal */
  static of(call: NativeCall, service: Bedrock): PooledConversation {
    return new PooledConversation(call, service);
  }

  /** Lets go of it: the pool still has the call. */
  override drop(): void {
    super.drop();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
  }
}

/**
 * Calls of many owners, found by id *and* owner: for anybody else there is no such call.
 *
 * ```js
 * await using pool = await ConversationPool.start({ conversations: 100, tools: { getWeather } });
 * const call = await pool.open("user-17", { system: "Answer shortly." });
 * const same = pool.get(call.id, "user-17");
 * ```
 *
 * `await using` drains.
 */
export class ConversationPool {
  /** The way to the service that its calls share. */
  readonly service: Bedrock;
  /** Offered to every one of them. */
  readonly tools: Tools | undefined;
  readonly #native: NativePool;

  private constructor(pool: NativePool, service: Bedrock, tools: Tools | undefined) {
    this.#native = made(native.Pool, pool, "A pool is begun with `await ConversationPool.start({ … })`, not with new.");
    this.service = service;
    this.tools = tools;
  }

  /** Begins to take calls. */
  static async start(options: PoolOptions = {}, { signal }: Abortable = {}): Promise<ConversationPool> {
    check("A pool", POOL, options);
    const { conversations = 100, perOwner, idle = IDLE_MS, ownerBudget, store, hint = "", lease = LEASE_MS } = options;
    named(options.tools);
    const settings = {
      conversations,
      perOwner,
      idleMs: idle,
      ownerBudget: ownerBudget && JSON.stringify(budgetOf(ownerBudget.budget)),
      ownerPeriodMs: ownerBudget?.per,
      store: store === "memory" || store === "" ? undefined : store,
      hint,
      leaseMs: lease,
    };
    const pool = await hub.run<NativePool>(() => native.startPool(hub.bell, settings), signal);
    return new ConversationPool(pool, options.service ?? new Bedrock(), options.tools);
  }

  /** @internal */
  get native(): NativePool {
    return this.#native;
  }

  /** Opens a call for an owner; `LimitReached` when the pool, the owner's share or the owner's budget is full. */
  async open(owner: string, options: Options = {}, { signal }: Abortable = {}): Promise<PooledConversation> {
    check("A call", OPTIONS, options);
    const tools = named(this.tools, options.tools);
    const text = encode(options, tools);
    const { record, recordInFull = false } = options;
    return this.#open(new Toolbox(tools), signal, ({ inbox }) =>
      this.#native.open(hub.bell, this.service.native, ownerOf(owner), text, inbox, record, recordInFull),
    );
  }

  /** Opens a call for an owner that goes on from a snapshot, which has the options in it. */
  async openFrom(
    owner: string,
    snapshot: Snapshot | string | Uint8Array | object,
    options: { tools?: Tools | undefined } = {},
    { signal }: Abortable = {},
  ): Promise<PooledConversation> {
    check("A call that goes on", { tools: someTools }, options);
    const text = Snapshot.from(snapshot).toString();
    return this.#open(new Toolbox(named(this.tools, options.tools)), signal, ({ inbox, offers }) =>
      this.#native.openFrom(hub.bell, this.service.native, ownerOf(owner), text, offers, inbox),
    );
  }

  /** Finds a call that is here; `Invalid`, code `no-such-call`, if there is none of that id for this owner. */
  get(id: string, owner: string): PooledConversation {
    return PooledConversation.of(
      lifted(() => this.#native.get(aString("The id", id), ownerOf(owner))),
      this.service,
    );
  }

  /**
   * Finds a call here, or takes it over from the store if another process has left it. `Unavailable`, code
   * `held-elsewhere`, if a process has it: `locate` says which.
   */
  async resume(id: string, owner: string, { signal }: Abortable = {}): Promise<PooledConversation> {
    try {
      return this.get(id, owner);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
    }
    return this.#open(new Toolbox(named(this.tools)), signal, ({ inbox, offers }) =>
      this.#native.resume(hub.bell, this.service.native, id, owner, offers, inbox),
    );
  }

  /** Says where a call is, for whoever came to the wrong process. */
  async locate(id: string, owner: string, { signal }: Abortable = {}): Promise<Whereabouts> {
    return JSON.parse(await hub.run<string>(() => this.#native.locate(hub.bell, id, ownerOf(owner)), signal));
  }

  /** Returns the ids of an owner's calls that are here, oldest first. */
  calls(owner: string): string[] {
    return lifted(() => this.#native.calls(ownerOf(owner)));
  }

  /** Returns how full the pool is. */
  stats(): PoolStats {
    return lifted(() => this.#native.stats());
  }

  /**
   * Takes no more calls, waits for those that run, and ends the others when the deadline is over. A pool with a store
   * leaves them to another process; one without closes them in order, within ten seconds more.
   */
  async drain({ deadline = DRAIN_MS }: { deadline?: number | undefined } = {}): Promise<Drained> {
    const wait = millis("The deadline", deadline);
    return JSON.parse(await hub.run<string>(() => this.#native.drain(hub.bell, wait)));
  }

  /** Drains without waiting for calls that run, and lets go of the pool. */
  async close(): Promise<Drained> {
    const drained = await this.drain({ deadline: 0 });
    this.#native.drop();
    return drained;
  }

  /** Drains, and lets go of the pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.drain();
    } catch (error) {
      // It was closed already.
      if (!(error instanceof Misuse)) throw error;
    }
    this.#native.drop();
  }

  async #open(toolbox: Toolbox, signal: AbortSignal | undefined, begin: (toolbox: Toolbox) => NativeOp) {
    const call = await opened(toolbox, signal, begin);
    // The call outlives whoever holds it: its tools run as long as it does.
    watch(call, toolbox);
    return PooledConversation.of(call, this.service);
  }
}

function ownerOf(owner: string): string {
  return aString("The owner", owner);
}

const POOL: Kinds<PoolOptions> = {
  conversations: whole,
  perOwner: whole,
  idle: time,
  ownerBudget: inside({ budget: needed(aBudget), per: needed(time) }),
  store: aText,
  hint: aText,
  lease: time,
  service: aService,
  tools: someTools,
};

const IDLE_MS = 120_000;
const LEASE_MS = 15_000;
const DRAIN_MS = 30_000;
