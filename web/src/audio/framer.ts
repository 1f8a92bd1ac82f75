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
/** 32 ms: short enough for a quick answer, long enough for few messages. */
export const FRAME = 512;

/** Cuts what a microphone hears, at whatever rate, into frames of equal length at 16 kHz. */
export class Framer {
  readonly #resampler: Resampler;
  readonly #frame = new Float32Array(FRAME);
  #filled = 0;

  /** `rate` is the microphone's. */
  constructor(rate: number) {
    this.#resampler = new Resampler(rate, VOICE_RATE);
  }

  /** Takes samples, and returns the frames that are full now. */
  push(samples: Float32Array): VoiceFrame[] {
    const frames: VoiceFrame[] = [];
    let rest = this.#resampler.process(samples);
    while (rest.length > 0) {
      const taken = rest.subarray(0, FRAME - this.#filled);
      this.#frame.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled === FRAME) frames.push(this.#full());
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
