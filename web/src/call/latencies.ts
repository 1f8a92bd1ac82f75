import type { Waits } from "../protocol/events.js";
import type { Latency } from "./voice-events.js";

/** Joins what the server measured of a turn with what the loudspeaker adds to it. */
export class Latencies {
  #arrived: { turn: number; at: number } | undefined;
  #added: { turn: number; ms: number } | undefined;
  #waits: { turn: number; waits: Waits } | undefined;

  /** A piece of a turn's answer came; the first counts. */
  came(turn: number, at: number): void {
    if (this.#arrived?.turn !== turn) this.#arrived = { turn, at };
  }

  /** The first sample of a turn that an ear can hear left the loudspeaker. */
  audible(turn: number, at: number): Latency | undefined {
    if (this.#arrived?.turn !== turn) return undefined;
    this.#added = { turn, ms: Math.max(0, at - this.#arrived.at) };
    return this.#waits?.turn === turn ? this.#latency() : undefined;
  }

  /** A turn is over, and the server tells its waits. */
  ended(turn: number, waits: Waits): Latency | undefined {
    this.#waits = { turn, waits };
    return this.#latency();
  }

  #latency(): Latency | undefined {
    if (this.#waits === undefined) return undefined;
    const { turn, waits } = this.#waits;
    const { firstTextMs, firstAudioMs, firstAudibleMs } = waits;
    const added = this.#added?.turn === turn ? this.#added.ms : null;
    const loudspeakerMs = firstAudioMs === null || added === null ? null : firstAudioMs + added;
    return { turn, firstTextMs, firstAudioMs, firstAudibleMs, loudspeakerMs };
  }
}
