// Iterators over a call: each a place in its log, with a pace of its own.

import { lifted } from "./errors.js";
import { decode } from "./events.js";
import { hub } from "./hub.js";
import type { NativeReader, NativeSound } from "./native.js";

/**
 * Reads one thing after the other, every one once and in order.
 *
 * Leaving a `for await` closes nothing: iterate again to go on where it was. A wait that is given up loses nothing.
 * However slowly it is read, neither the call nor another reader waits; what is not kept any more is told by a `gap`.
 */
export class Reading<T> implements AsyncIterableIterator<T, undefined, void> {
  readonly #native: NativeReader;
  readonly #make: (item: never) => T;
  readonly #signal: AbortSignal | undefined;
  /**
   * The call, which must not be collected, and so hung up, while it is read.
   * @internal
   */
  readonly of: unknown;

  /** @internal */
  constructor(native: NativeReader, make: (item: never) => T, of: unknown, signal?: AbortSignal) {
    this.#native = native;
    this.#make = make;
    this.of = of;
    this.#signal = signal;
  }

  /** Waits for the next one. */
  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const item = lifted(() => this.#native.next());
      if (item === false) return { done: true, value: undefined };
      if (item !== null) return { done: false, value: this.#make(item as never) };
      await hub.wait(this.#native.token, this.#signal);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The number of the last event that was taken: `talk.events({ after: position })` goes on there. */
  get position(): number {
    return this.#native.position ?? 0;
  }

  /** Stops reading; the call goes on. Whoever waits for the next one sees the end. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The events of a call, or some of them. */
export type Events<T> = Reading<T>;

/** What a WebSocket sends: the JSON of every event, and sound as binary frames if the client has agreed on them. */
export type Messages = Reading<string | Buffer>;

/** The body of a `text/event-stream` answer, heartbeat included. */
export type ServerSentEvents = Reading<Buffer>;

/** @internal */
export const asEvent = (item: string | NativeSound): unknown => decode(item);

/** @internal */
export const asItIs = <T>(item: T): T => item;
