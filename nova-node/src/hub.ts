// One bell for each environment: the native library rings it, and this wakes whoever waits.
//
// What somebody waits for stays where it is until it is taken, so that a wait that is given up loses nothing. An open call
// and a wait each hold the bell; while nobody does, Node may exit.

import { lifted, Misuse } from "./errors.js";
import { type NativeOp, native } from "./native.js";

/** What an environment has of the native library. */
export class Hub {
  readonly bell = new native.Bell();
  readonly #waiters = new Map<number, () => void>();
  readonly #standing = new Map<number, () => void>();
  #holds = 0;

  /** Keeps Node alive until what it returns is called. */
  hold(): () => void {
    this.#take();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#leave();
    };
  }

  /** Waits until the bell rings for a token, or a signal is aborted. */
  wait(token: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiters.has(token)) {
      return Promise.reject(
        new Misuse("Two readers wait at the same iterator.", {
          code: "two-readers",
          hint: "Give each its own: talk.events(), talk.audio(), talk.transcripts().",
        }),
      );
    }
    // Fifty times a second for every call: whoever has no signal pays for none.
    return new Promise((resolve, reject) => {
      this.#take();
      if (signal === undefined) {
        this.#waiters.set(token, () => {
          this.#end(token);
          resolve();
        });
        return;
      }
      const abort = () => {
        this.#end(token);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiters.set(token, () => {
        signal.removeEventListener("abort", abort);
        this.#end(token);
        resolve();
      });
    });
  }

  #end(token: number): void {
    this.#waiters.delete(token);
    this.#leave();
  }

  #take(): void {
    if (this.#holds++ === 0) this.bell.listen(this.#ring);
  }

  #leave(): void {
    if (--this.#holds === 0) this.bell.rest();
  }

  /** Waits for an act to be done and returns what it comes to; an abort gives it up. */
  async run<T>(begin: () => NativeOp, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const op = lifted(begin);
    if (!op.done()) {
      try {
        await this.wait(op.token, signal);
      } catch (reason) {
        op.cancel();
        throw reason;
      }
    }
    return lifted(() => op.take() as T);
  }

  /** Calls a function whenever the bell rings for a token. */
  stand(token: number, ring: () => void): void {
    this.#standing.set(token, ring);
  }

  /** Stops calling the function of a token. */
  forget(token: number): void {
    this.#standing.delete(token);
  }

  /** How much is waited for, for tests of leaks. */
  get size(): { waiters: number; standing: number; holds: number } {
    return { waiters: this.#waiters.size, standing: this.#standing.size, holds: this.#holds };
  }

  readonly #ring = (): void => {
    for (const token of this.bell.answer()) {
      const wake = this.#waiters.get(token) ?? this.#standing.get(token);
      wake?.();
    }
  };
}

/** The hub of this environment: each worker has modules of its own. */
export const hub = new Hub();
