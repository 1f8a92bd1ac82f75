/**
 * Changes the sample rate of a stream of sound: a windowed sinc, in as many phases as the ratio of the rates needs.
 *
 * The pass band is flat to 84 % of the lower rate's half, and from the half on everything is 80 dB down, so nothing folds
 * back. Output sample n stands for the time n / to: the filter's delay is taken out, at the price of needing some input
 * ahead (32 samples of the lower rate).
 */
export class Resampler {
  readonly #from: number;
  readonly #to: number;
  readonly #phases: Float32Array[];
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  /** Input that later output still needs; its first sample is the first under the filter. */
  #pending = new Float32Array(0);
  #phase = 0;

  /** Rates in Hz, whole and positive. */
  constructor(from: number, to: number) {
    const common = divisor(from, to);
    this.#from = from;
    this.#to = to;
    this.#up = to / common;
    this.#down = from / common;
    this.#half = Math.ceil(HALF_WIDTH * Math.max(1, from / to));
    this.#phases = filters(this.#up, this.#down, this.#half);
    this.reset();
  }

  /** Input samples for one output sample. */
  get step(): number {
    return this.#from / this.#to;
  }

  /** Forgets the past: what follows is another sound. */
  reset(): void {
    this.#pending = new Float32Array(this.#half - 1);
    this.#phase = 0;
  }

  /** Takes the next samples, and returns what can be told of them already. */
  process(input: Float32Array): Float32Array {
    if (this.#from === this.#to) return input.slice();
    const taps = 2 * this.#half;
    const all = joined(this.#pending, input);
    const output = new Float32Array(Math.max(0, Math.ceil(((all.length - taps + 1) * this.#up) / this.#down) + 1));
    let at = 0;
    let written = 0;
    while (at + taps <= all.length) {
      output[written++] = dot(this.#phases[this.#phase]!, all, at);
      this.#phase += this.#down;
      at += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    // Where the step is longer than the filter, `at` may be beyond what is there; it never is: taps > 2 * step.
    this.#pending = all.slice(at);
    return output.subarray(0, written);
  }

  /** Returns the end of a sound that is over, and forgets it. */
  flush(): Float32Array {
    const rest = this.#from === this.#to ? new Float32Array(0) : this.process(new Float32Array(this.#half));
    this.reset();
    return rest;
  }
}

/** Half the filter's length, in samples of the lower rate. */
const HALF_WIDTH = 32;
/** For 80 dB. */
const KAISER = 7.857;
/** The middle of the transition, as a share of the lower rate's half: the stop band begins just there. */
const CUTOFF = 0.92;

function filters(up: number, down: number, half: number): Float32Array[] {
  const cut = CUTOFF * Math.min(1, up / down);
  return Array.from({ length: up }, (_, phase) => {
    const taps = Float64Array.from({ length: 2 * half }, (_, k) => {
      const distance = k - (half - 1) - phase / up;
      return sinc(cut * distance) * kaiser(distance / half);
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return Float32Array.from(taps, (tap) => tap / sum);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER * Math.sqrt(1 - x * x)) / bessel(KAISER);
}

/** The modified Bessel function of order zero, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; term > 1e-12 * sum; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

function dot(filter: Float32Array, samples: Float32Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < filter.length; k++) sum += filter[k]! * samples[at + k]!;
  return sum;
}

function joined(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
