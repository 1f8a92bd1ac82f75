import { peak, toPcm } from "./pcm.js";
import { Resampler } from "./resampler.js";

/** A piece of the user's voice as it is sent. */
export interface VoiceFrame {
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Its loudest sample, from 0 to 1. */
  readonly peak: number;
}

/** What the service hears best. */
export const VOICE_RATE = 16000;
/** Milliseconds: short enough for a quick answer, long enough for few messages. */
export const FRAME_MS = 32;

/** Cuts what a microphone hears, at whatever rate, into frames of equal length at the rate of a call. */
export class Framer {
  readonly #resampler: Resampler;
  readonly #frame: Float32Array;
  #filled = 0;

  /** `from` is the microphone's rate, `to` that of the call. */
  constructor(from: number, to: number = VOICE_RATE) {
    this.#resampler = new Resampler(from, to);
    this.#frame = new Float32Array((to * FRAME_MS) / 1000);
  }

  /** Takes samples, and returns the frames that are full now. */
  push(samples: Float32Array): VoiceFrame[] {
    const frames: VoiceFrame[] = [];
    let rest = this.#resampler.process(samples);
    while (rest.length > 0) {
      const taken = rest.subarray(0, this.#frame.length - this.#filled);
      this.#frame.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled === this.#frame.length) frames.push(this.#full());
    }
    return frames;
  }

  /** Returns what is left, filled up with silence, and forgets it; nothing if nothing is left. */
  flush(): VoiceFrame | undefined {
    if (this.#filled === 0) return undefined;
    this.#frame.fill(0, this.#filled);
    this.#resampler.reset();
    return this.#full();
  }

  #full(): VoiceFrame {
    this.#filled = 0;
    return { pcm: toPcm(this.#frame), peak: peak(this.#frame) };
  }
}
