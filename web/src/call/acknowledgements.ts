import type { Position } from "../audio/playout.js";

/** Tells the server how much of an answer left the loudspeaker: several times a second, and at the end. */
export class Acknowledgements {
  readonly #say: (position: Position) => void;
  #last: Position | undefined;
  #at = Number.NEGATIVE_INFINITY;

  constructor(say: (position: Position) => void) {
    this.#say = say;
  }

  /** The loudspeaker is there now; `busy` if it goes on. Times are in milliseconds. */
  reached(position: Position | undefined, loudspeaker: "busy" | "quiet", now: number): void {
    if (position === undefined || (loudspeaker === "busy" && now - this.#at < PAUSE)) return;
    if (position.turn === this.#last?.turn && position.ms === this.#last.ms) return;
    this.#last = position;
    this.#at = now;
    this.#say(position);
  }

  /** What was said last may have been lost with the road. */
  repeat(): void {
    if (this.#last !== undefined) this.#say(this.#last);
  }
}

const PAUSE = 200;
