// One session without a conversation around it, for frameworks that speak the service's event JSON by themselves.

import type { Abortable } from "./conversation.js";
import { described, Invalid, lifted, made } from "./errors.js";
import { hub } from "./hub.js";
import { type NativeRaw, native } from "./native.js";
import { aService, Bedrock } from "./service.js";
import { anything, check, type Kinds, listOf, needed, text, yesOrNo } from "./shape.js";

/** `{ event: {…} }`, as an object or as JSON. */
export type RawEvent = { event: Record<string, unknown> } | string;

/** What a raw session is to be. */
export interface RawOptions {
  /** The events up to the system prompt: the service accepts a stream only when it has read them. */
  opening: readonly RawEvent[];
  model?: string | undefined;
  region?: string | undefined;
  /** Whether events are held against the protocol's order and limits before they are sent; they are without it. */
  ordered?: boolean | undefined;
  service?: Bedrock | undefined;
}

/**
 * One stream, at most eight minutes long: your events over our transport, nothing added.
 *
 * An event that breaks the order throws `Misuse` or `Invalid`, is not sent, and changes nothing. No renewal, no pacing, no
 * silence, no tools: that is what `Conversation` is for.
 */
export class RawSession implements AsyncIterableIterator<{ event: Record<string, unknown> }, undefined, void> {
  readonly #native: NativeRaw;
  readonly #hung: { native: NativeRaw; release: () => void };

  private constructor(session: NativeRaw) {
    this.#native = made(
      native.Raw,
      session,
      "A raw session is opened with `await RawSession.open({ … })`, not with new.",
    );
    this.#hung = { native: session, release: hub.hold() };
    forgotten.register(this, this.#hung, this.#hung);
  }

  /** Opens the stream; done when the service has accepted it. */
  static async open(options: RawOptions, { signal }: Abortable = {}): Promise<RawSession> {
    check("A raw session", OPTIONS, options);
    const { model, region, ordered = true, service = new Bedrock() } = options;
    const opening = options.opening.map(encoded);
    const begin = () => native.startRaw(hub.bell, service.native, model, opening, region, ordered);
    return new RawSession(await hub.run<NativeRaw>(begin, signal));
  }

  /** Sends an event; waits while the way up is full. */
  async send(event: RawEvent, { signal }: Abortable = {}): Promise<void> {
    const text = encoded(event);
    await hub.run(() => this.#native.send(hub.bell, text), signal);
  }

  /** Ends this side of the stream; the service's last events still come. */
  finish(): void {
    lifted(() => this.#native.finish());
  }

  /** Drops the stream at once. */
  drop(): void {
    forgotten.unregister(this.#hung);
    hangUp(this.#hung);
  }

  /** The service's request id, for a support case. */
  get requestId(): string | null {
    return lifted(() => this.#native.requestId);
  }

  /** Waits for the service's next event. */
  async next(): Promise<IteratorResult<{ event: Record<string, unknown> }, undefined>> {
    for (;;) {
      const item = this.#poll();
      if (item === false) return { done: true, value: undefined };
      if (item !== null) return { done: false, value: JSON.parse(item) };
      await hub.wait(this.#native.token);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
  }

  #poll(): string | null | false {
    try {
      const item = lifted(() => this.#native.next());
      if (item === false) this.#hung.release();
      return item;
    } catch (error) {
      this.#hung.release();
      throw error;
    }
  }
}

const OPTIONS: Kinds<RawOptions> = {
  opening: needed(listOf("a list of events", anything)),
  model: text,
  region: text,
  ordered: yesOrNo,
  service: aService,
};

const forgotten = new FinalizationRegistry<{ native: NativeRaw; release: () => void }>(hangUp);

function hangUp({ native, release }: { native: NativeRaw; release: () => void }): void {
  native.drop();
  release();
}

function encoded(event: RawEvent): string {
  if (typeof event === "string") return event;
  if (typeof event === "object" && event !== null) return JSON.stringify(event);
  throw new Invalid(`An event is an object or JSON, not ${described(event)}.`, { code: "argument" });
}
