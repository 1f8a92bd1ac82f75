// A call with Nova Sonic.

import { string as aString, described, Invalid, lifted, Misuse, made, millis } from "./errors.js";
import {
  type AssistantAudio,
  type Closed,
  failure,
  type Interrupted,
  type NovaEvent,
  type Tokens,
  type Transcript,
} from "./events.js";
import { hub } from "./hub.js";
import { type NativeCall, type NativeOp, native } from "./native.js";
import { encode, OPTIONS, type Options } from "./options.js";
import { asEvent, asItIs, type Events, type Messages, Reading, type ServerSentEvents } from "./reader.js";
import { aService, Bedrock } from "./service.js";
import { check } from "./shape.js";
import { Snapshot } from "./snapshot.js";
import { audioIn, audioOut } from "./streams.js";
import { named, someTools, Toolbox, type Tools } from "./tools.js";

/** 16-bit little-endian PCM, mono. */
export type Pcm = Uint8Array | Int16Array | ArrayBuffer;

/** Gives up a wait: the promise is rejected with the signal's reason. */
export interface Abortable {
  signal?: AbortSignal | undefined;
}

/** The options of a call, and the way to the service. */
export interface ConnectOptions extends Options {
  /** The environment's own without it. */
  service?: Bedrock | undefined;
}

/** What a snapshot does not hold. */
export interface ResumeOptions {
  service?: Bedrock | undefined;
  tools?: Tools | undefined;
}

/** Which of the events, and for whom. */
export interface ReadOptions extends Abortable {
  /** Begins behind this number; at the oldest that is kept without it. */
  after?: number | undefined;
}

/** The same, with the choice of who plays the sound. */
export interface PlayOptions extends ReadOptions {
  /** A call has one player: what that reader takes is what the user hears. */
  player?: boolean | undefined;
}

/** What a call has used. */
export interface Usage {
  tokens: Tokens;
  /** US dollars as exact decimal text; null where a price is unknown. */
  cost: string | null;
  /** How long it has been open. */
  timeMs: number;
}

/** What waits in a call and what was given up, for whoever asks why it lags. */
export interface Stats {
  call: {
    sessions: number;
    /** At another session, since the last one that lasted. */
    attempts: number;
    /** How long the way up has taken nothing that it was given. */
    blockedMs: number;
    audioWaitingMs: number;
    audioBoundMs: number;
    audioDroppedMs: number;
    textsWaiting: number;
    textsBound: number;
    tools: number;
    toolsBound: number;
    turns: number;
  };
  /** Pieces of 100 ms at most that the call has not taken yet. */
  audioPiecesWaiting: number;
  audioPiecesBound: number;
  /** What the log of events holds. */
  log: Record<string, unknown>;
}

/** What is let go of when nobody holds a call any more. */
interface Hung {
  native: NativeCall;
  end: () => void;
}

/**
 * A call: send audio or text, and read events until there are no more.
 *
 * ```js
 * await using talk = await Conversation.connect({ system: "Answer shortly.", voice: "tiffany" });
 * await talk.sendText("What can you do?");
 * for await (const event of talk) {
 *   if (event.type === "audio") speaker.write(event.pcm);
 *   if (event.type === "interrupted") speaker.flush();
 *   if (event.type === "turnEnded") talk.finish();
 * }
 * ```
 *
 * Leaving the loop closes nothing; `await using`, `close` and `drop` do. An open call keeps Node alive, like a socket.
 */
export class Conversation implements AsyncIterable<NovaEvent> {
  readonly #native: NativeCall;
  readonly #service: Bedrock;
  readonly #hung: Hung;
  #events: Events<NovaEvent> | undefined;
  #ended = false;
  #audioIn: WritableStream<Pcm> | undefined;
  #audioOut: ReadableStream<Buffer> | undefined;

  protected constructor(call: NativeCall, service: Bedrock, end: () => void) {
    this.#native = made(native.Call, call, "A call is opened with `await Conversation.connect({ … })`, not with new.");
    this.#service = service;
    this.#hung = { native: call, end };
    forgotten.register(this, this.#hung, this.#hung);
  }

  /** Opens a call; done when the service has accepted it. */
  static async connect(options: ConnectOptions = {}, { signal }: Abortable = {}): Promise<Conversation> {
    check("A call", { ...OPTIONS, service: aService }, options);
    const { service = new Bedrock(), ...others } = options;
    const tools = named(others.tools);
    const text = encode(others, tools);
    return Conversation.#open(service, new Toolbox(tools), signal, ({ inbox }) =>
      native.connect(hub.bell, service.native, text, inbox, others.record, others.recordInFull ?? false),
    );
  }

  /** Goes on with a call that another process had. What a snapshot does not hold is given again: tools. */
  static async resume(
    snapshot: Snapshot | string | Uint8Array | object,
    options: ResumeOptions = {},
    { signal }: Abortable = {},
  ): Promise<Conversation> {
    check("A call that is resumed", { service: aService, tools: someTools }, options);
    const { service = new Bedrock() } = options;
    const text = Snapshot.from(snapshot).toString();
    return Conversation.#open(service, new Toolbox(named(options.tools)), signal, (toolbox) =>
      native.resume(hub.bell, service.native, text, toolbox.offers, toolbox.inbox),
    );
  }

  static async #open(
    service: Bedrock,
    toolbox: Toolbox,
    signal: AbortSignal | undefined,
    begin: (toolbox: Toolbox) => NativeOp,
  ): Promise<Conversation> {
    const call = await opened(toolbox, signal, begin);
    return new Conversation(call, service, watch(call, toolbox));
  }

  // Speaking

  /**
   * Sends audio of any length, the user's, at the call's input rate. It waits as long as the call has enough to say: a
   * whole file goes out in real time, and nothing of it is lost.
   */
  async sendAudio(pcm: Pcm, { signal }: Abortable = {}): Promise<void> {
    const bytes = samples(pcm);
    signal?.throwIfAborted();
    const op = lifted(() => this.#native.sendAudio(hub.bell, bytes));
    if (op !== null) await hub.run(() => op, signal);
  }

  /** Sends live audio without waiting: all of it, or nothing and `LimitReached`. */
  trySendAudio(pcm: Pcm): void {
    const bytes = samples(pcm);
    lifted(() => this.#native.trySendAudio(bytes));
  }

  /** Says that the microphone is off: the service is told so, and the next audio opens a new block. */
  async endAudio({ signal }: Abortable = {}): Promise<void> {
    await hub.run(() => this.#native.endAudio(hub.bell), signal);
  }

  /** Sends typed text, which the model answers aloud. */
  async sendText(text: string, { signal }: Abortable = {}): Promise<void> {
    const words = aString("The text", text);
    await hub.run(() => this.#native.sendText(hub.bell, words), signal);
  }

  /** Makes the assistant speak without being spoken to, by an instruction that nobody sees. */
  async greet(instruction: string, { signal }: Abortable = {}): Promise<void> {
    const words = aString("The instruction", instruction);
    await hub.run(() => this.#native.greet(hub.bell, words), signal);
  }

  /** Answers a tool that no function runs, with whatever JSON knows or with `{ error }`, a sentence that says why not. */
  async answerTool(id: string, answer: { result: unknown } | { error: string }): Promise<void> {
    const json = "result" in answer ? (JSON.stringify(answer.result) ?? "null") : "null";
    const error = "error" in answer ? answer.error : undefined;
    await hub.run(() => this.#native.answerTool(hub.bell, aString("The id", id), json, error));
  }

  /** Does what a client says: JSON of a command, or a binary frame of the user's voice. */
  async command(said: string | Uint8Array, { signal }: Abortable = {}): Promise<void> {
    await hub.run(
      () =>
        typeof said === "string"
          ? this.#native.command(hub.bell, said)
          : this.#native.frame(hub.bell, bytesOf("The frame", said)),
      signal,
    );
  }

  /** Stops the answer that is being given. */
  interrupt(): void {
    lifted(() => this.#native.interrupt());
  }

  /**
   * Says how much of an answer has come out of the loudspeaker, in milliseconds from its beginning. Without it, what an
   * iterator takes counts as played in real time from then on.
   */
  played(turn: number, positionMs: number): void {
    lifted(() => this.#native.played(turn, millis("The position", positionMs)));
  }

  /** Says that there will be no more input; what is owed is still delivered, then the events end. */
  finish(): void {
    lifted(() => this.#native.finish());
  }

  /** Where the user's voice can be piped to; closing it says that the microphone is off. */
  get audioIn(): WritableStream<Pcm> {
    this.#audioIn ??= audioIn(this);
    return this.#audioIn;
  }

  // Listening

  /** Reads the call as its player; every loop goes on where the last one stopped. */
  [Symbol.asyncIterator](): AsyncIterator<NovaEvent, undefined, void> {
    this.#events ??= this.events({ player: true });
    const events = this.#events;
    return {
      next: async () => {
        const next = await events.next();
        if (next.value?.type === "closed") this.#ended = true;
        return next;
      },
    };
  }

  /** Reads all events once more, from the oldest that is kept or behind a number. */
  events({ after, player = false, signal }: PlayOptions = {}): Events<NovaEvent> {
    return this.#read(player ? "player" : "events", after, signal);
  }

  /** Reads the sound alone, and what ends it. Say `played`, unless something else iterates over the call. */
  audio({ after, signal }: ReadOptions = {}): Events<AssistantAudio | Interrupted | Closed> {
    return this.#read("audio", after, signal);
  }

  /** Reads the lines of the transcript alone. */
  transcripts({ after, signal }: ReadOptions = {}): Events<Transcript> {
    return this.#read("transcripts", after, signal);
  }

  /** Reads all events as a WebSocket sends them: JSON texts, and with `binary` sound as frames. */
  messages({
    after,
    player = true,
    binary = false,
    signal,
  }: PlayOptions & { binary?: boolean | undefined } = {}): Messages {
    const view = (player ? "player-" : "") + (binary ? "frames" : "json");
    return new Reading(
      lifted(() => this.#native.reader(hub.bell, view, after)),
      asItIs,
      this,
      signal,
    );
  }

  /** Reads all events as the body of a `text/event-stream` answer, behind the `Last-Event-ID` of a client. */
  sse({
    lastEventId,
    player = true,
    signal,
  }: Abortable & { lastEventId?: string | undefined; player?: boolean | undefined } = {}): ServerSentEvents {
    const view = player ? "player-sse" : "sse";
    return new Reading(
      lifted(() => this.#native.sse(hub.bell, view, lastEventId)),
      asItIs,
      this,
      signal,
    );
  }

  /**
   * The assistant's voice as bytes, for piping: what the other end takes counts as played. A piece is read when it is
   * asked for, so an answer that is cut stops within what the other end has already.
   */
  get audioOut(): ReadableStream<Buffer> {
    this.#audioOut ??= audioOut(this);
    return this.#audioOut;
  }

  // The call as a whole

  /** Returns the call as it is now. */
  async snapshot({ signal }: Abortable = {}): Promise<Snapshot> {
    return Snapshot.from(await hub.run<string>(() => this.#native.snapshot(hub.bell), signal));
  }

  /** Gives the call up in this process, at once, and returns it as it was: another one goes on with it. */
  async park(): Promise<Snapshot> {
    return Snapshot.from(await hub.run<string>(() => this.#native.park(hub.bell)));
  }

  /** Returns what the call has used so far. */
  async usage({ signal }: Abortable = {}): Promise<Usage> {
    return JSON.parse(await hub.run<string>(() => this.#native.usage(hub.bell), signal));
  }

  /** Returns what waits in the call, and what was given up. */
  async stats({ signal }: Abortable = {}): Promise<Stats> {
    return JSON.parse(await hub.run<string>(() => this.#native.stats(hub.bell), signal));
  }

  /** What had been used at the last `usage` event; also of a call that is over. */
  get latestUsage(): Usage | null {
    const text = lifted(() => this.#native.latestUsage());
    return text === null ? null : JSON.parse(text);
  }

  /** Milliseconds since the call began: the clock of `event.atMs`. */
  get elapsedMs(): number {
    return lifted(() => this.#native.elapsedMs);
  }

  /** Samples a second of the audio that goes in. */
  get inputRate(): number {
    return this.#native.inputRate;
  }

  /** The way to the service that it goes by. */
  get service(): Bedrock {
    return this.#service;
  }

  /** Whether this object has seen the end of the call. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waits for the end of the call, however it comes, and returns it with the audio that was never sent. */
  async closed({ signal }: Abortable = {}): Promise<Closed> {
    const [text, pcm] = await hub.run<[string, Buffer]>(() => this.#native.closed(hub.bell), signal);
    const { atMs, reason, error, unsent } = JSON.parse(text);
    this.#ended = true;
    return { type: "closed", seq: 0, atMs, reason, error: failure(error), unsent: { ...unsent, pcm } };
  }

  /** Ends the call in order and waits for the end; one that has not ended in `timeout` milliseconds is dropped, with `NovaTimeout`. */
  async close({ timeout = CLOSE_MS, signal }: Abortable & { timeout?: number | undefined } = {}): Promise<void> {
    const deadline = millis("The timeout", timeout);
    await hub.run(() => this.#native.close(hub.bell, deadline), signal);
    this.#ended = true;
  }

  /** Hangs up at once. Further use throws `Misuse`. */
  drop(): void {
    this.#ended = true;
    this.#events?.close();
    forgotten.unregister(this.#hung);
    hangUp(this.#hung);
  }

  /** Closes the call, unless it is over; that it did not end in order is a warning of the process and no error. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#ended) await this.close();
    } catch (error) {
      if (!(error instanceof Misuse)) {
        const message = `A call did not end in order: ${error instanceof Error ? error.message : error}`;
        process.emitWarning(message, { code: "BEDROCK_NOVA_CLOSE" });
      }
    } finally {
      this.drop();
    }
  }

  #read<T>(view: string, after: number | undefined, signal: AbortSignal | undefined): Events<T> {
    return new Reading(
      lifted(() => this.#native.reader(hub.bell, view, after)),
      asEvent as () => T,
      this,
      signal,
    );
  }
}

/** Calls that nobody holds any more are hung up. */
const forgotten = new FinalizationRegistry<Hung>(hangUp);

function hangUp({ native, end }: Hung): void {
  end();
  native.drop();
}

/**
 * Runs the opening of a call; the tools of one that did not open run no more.
 * @internal
 */
export async function opened(
  toolbox: Toolbox,
  signal: AbortSignal | undefined,
  begin: (toolbox: Toolbox) => NativeOp,
): Promise<NativeCall> {
  try {
    return await hub.run<NativeCall>(() => begin(toolbox), signal);
  } catch (error) {
    toolbox.close();
    throw error;
  }
}

/**
 * Keeps Node alive and runs a call's tools until the call is over, or what it returns is called.
 * @internal
 */
export function watch(call: NativeCall, toolbox: Toolbox): () => void {
  const release = hub.hold();
  const over = call.closed(hub.bell);
  const end = () => {
    hub.forget(over.token);
    over.cancel();
    toolbox.close();
    release();
  };
  if (over.done()) end();
  else hub.stand(over.token, end);
  return end;
}

function samples(pcm: Pcm): Uint8Array {
  if (pcm instanceof Int16Array) return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return pcm instanceof ArrayBuffer ? new Uint8Array(pcm) : bytesOf("The audio", pcm);
}

function bytesOf(what: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new Invalid(`${what} is a Uint8Array, a Buffer or an Int16Array of PCM, not ${described(bytes)}.`, {
    code: "argument",
    hint: bytes instanceof Float32Array || bytes instanceof Float64Array ? HOW_TO_ROUND : null,
  });
}

/** For samples as browsers and models have them, between -1 and 1. */
const HOW_TO_ROUND =
  "Scale it to 16 bits: Int16Array.from(samples, (each) => Math.max(-1, Math.min(1, each)) * 32767).";

/** How long the orderly end of a call may take, as in the other languages. */
const CLOSE_MS = 10_000;
