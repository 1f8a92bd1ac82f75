import { fromPcm } from "./pcm.js";
import { Resampler } from "./resampler.js";

/** A piece of an answer, as it came. */
export interface Piece {
  readonly turn: number;
  /** Where in the answer it begins, in samples of `rate`. */
  readonly offset: number;
  readonly rate: number;
  readonly pcm: Int16Array;
}

/** What became of a piece: it waits to be played, its answer was cut, or too much waits already. */
export type Taken = "taken" | "dead" | "full";

/** Where the playing is. */
export interface Position {
  readonly turn: number;
  /** How much of the turn's answer has been rendered, in milliseconds. */
  readonly ms: number;
}

/** What `Playout` can be given. Times are in milliseconds. */
export interface PlayoutOptions {
  /** What is gathered before the first sound of an answer; 60 by default. */
  readonly shortest?: number;
  /** The most that is ever gathered; 400 by default. */
  readonly longest?: number;
  /** The fade of an answer that is cut; 8 by default. */
  readonly fade?: number;
  /** The most that waits; five minutes by default. The service sends faster than anybody listens. */
  readonly most?: number;
}

type State =
  | { readonly name: "empty" }
  /** Gathers until there is enough, or until the oldest has waited as long. */
  | { readonly name: "gathering"; readonly until: number }
  | { readonly name: "playing" };

/** A stretch of samples that are ready for the loudspeaker. */
interface Ready {
  readonly turn: number;
  readonly samples: Float32Array;
  /** Where in the answer it begins, and how far each sample goes, in milliseconds. */
  readonly startMs: number;
  readonly stepMs: number;
  used: number;
}

/** Pieces that follow each other without a break. */
interface Run {
  readonly turn: number;
  readonly rate: number;
  /** Where the next piece has to begin. */
  offset: number;
  /** Where in the answer the run began. */
  readonly startMs: number;
  /** Samples made of it so far. */
  made: number;
}

/**
 * The loudspeaker's side of an answer: a jitter buffer, a change of rate, a fade where an answer is cut, and an exact account
 * of what was rendered. Pure: time is handed in, in seconds, and the samples are pulled.
 */
export class Playout {
  readonly #rate: number;
  readonly #longest: number;
  readonly #shortest: number;
  readonly #fade: number;
  readonly #most: number;
  #state: State = { name: "empty" };
  #waiting: Piece[] = [];
  #ready: Ready | undefined;
  #resampler: Resampler | undefined;
  /** The piece that comes next without a break, and whose sound the resampler holds the end of. */
  #run: Run | undefined;
  #target: number;
  #position: Position | undefined;
  #lastCut = -1;
  #lastEnded = -1;
  #dry: { turn: number } | undefined;
  #starved = 0;

  /** `rate` is the loudspeaker's. */
  constructor(rate: number, options: PlayoutOptions = {}) {
    this.#rate = rate;
    this.#shortest = options.shortest ?? 60;
    this.#longest = options.longest ?? 400;
    this.#fade = options.fade ?? 8;
    this.#most = options.most ?? 300_000;
    this.#target = this.#shortest;
  }

  /** Where the playing is; nothing before the first sound. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** How often an answer ran dry before its end. */
  get starved(): number {
    return this.#starved;
  }

  /** What is gathered now before an answer sounds, in milliseconds. */
  get target(): number {
    return this.#target;
  }

  /** What waits, in milliseconds. */
  get waiting(): number {
    const pieces = this.#waiting.reduce((sum, piece) => sum + (piece.pcm.length * 1000) / piece.rate, 0);
    const ready = this.#ready ? ((this.#ready.samples.length - this.#ready.used) * 1000) / this.#rate : 0;
    return pieces + ready;
  }

  /** Whether something sounds, or is about to. */
  get busy(): boolean {
    return this.#state.name !== "empty";
  }

  /** Takes a piece of an answer. */
  push(piece: Piece, now: number): Taken {
    if (piece.turn <= this.#lastCut) return "dead";
    if (this.waiting >= this.#most) return "full";
    if (this.#state.name === "empty") this.#begin(piece, now);
    this.#waiting.push(piece);
    return "taken";
  }

  /** Says that nothing more of an answer comes. */
  end(turn: number): void {
    this.#lastEnded = Math.max(this.#lastEnded, turn);
  }

  /** Stops an answer, and all before it: what is left of it fades out, and it never sounds again. */
  cut(turn: number): void {
    this.#lastCut = Math.max(this.#lastCut, turn);
    const fading = this.#ready !== undefined && this.#ready.turn <= turn ? this.#fadeOut() : this.#ready;
    this.#waiting = this.#waiting.filter((piece) => piece.turn > turn);
    if (this.#run && this.#run.turn <= turn) this.#run = undefined;
    this.#ready = fading;
  }

  /** Fills `out` with the next samples, and with silence where there are none. */
  pull(out: Float32Array, now: number): void {
    out.fill(0);
    if (this.#state.name === "gathering") {
      if (this.waiting < this.#target && now < this.#state.until && !this.#complete()) return;
      this.#state = { name: "playing" };
    }
    if (this.#state.name === "empty") return;
    let written = 0;
    while (written < out.length) {
      const ready = this.#next();
      if (ready === undefined) {
        this.#ranDry();
        return;
      }
      const part = ready.samples.subarray(ready.used, ready.used + out.length - written);
      out.set(part, written);
      written += part.length;
      ready.used += part.length;
      this.#position = { turn: ready.turn, ms: ready.startMs + ready.used * ready.stepMs };
    }
  }

  #begin(piece: Piece, now: number): void {
    if (this.#dry?.turn === piece.turn) {
      // It was not the end of the answer: the road is less even than was thought.
      this.#starved += 1;
      this.#target = Math.min(this.#longest, this.#target * 2);
    } else if (this.#dry !== undefined) {
      this.#target = Math.max(this.#shortest, this.#target - this.#shortest / 3);
    }
    this.#dry = undefined;
    this.#state = { name: "gathering", until: now + this.#target / 1000 };
  }

  #complete(): boolean {
    const last = this.#waiting.at(-1);
    return last !== undefined && last.turn <= this.#lastEnded;
  }

  #ranDry(): void {
    this.#state = { name: "empty" };
    if (this.#position !== undefined) this.#dry = { turn: this.#position.turn };
  }

  /** The stretch to take from next. Made in short slices, so that one pull never has much to compute. */
  #next(): Ready | undefined {
    while (this.#ready === undefined || this.#ready.used >= this.#ready.samples.length) {
      const made = this.#make();
      if (made === undefined) {
        this.#ready = undefined;
        return undefined;
      }
      this.#ready = made;
    }
    return this.#ready;
  }

  #make(): Ready | undefined {
    const piece = this.#waiting[0];
    if (piece === undefined) {
      // Only at the end of the answer: a flush is silence where the sound goes on.
      return this.#run && this.#run.turn <= this.#lastEnded ? this.#tail() : undefined;
    }
    const run = this.#run;
    const follows = run?.turn === piece.turn && run.rate === piece.rate && run.offset === piece.offset;
    if (run && !follows) return this.#tail();
    const current = run ?? this.#startRun(piece);
    const length = Math.min(piece.pcm.length, Math.ceil((piece.rate * SLICE) / 1000));
    const rest = { ...piece, offset: piece.offset + length, pcm: piece.pcm.subarray(length) };
    if (rest.pcm.length === 0) this.#waiting.shift();
    else this.#waiting[0] = rest;
    current.offset = rest.offset;
    return this.#stretch(current, this.#resampler!.process(fromPcm(piece.pcm.subarray(0, length))));
  }

  #startRun(piece: Piece): Run {
    this.#resampler = new Resampler(piece.rate, this.#rate);
    const startMs = (piece.offset * 1000) / piece.rate;
    this.#run = { turn: piece.turn, rate: piece.rate, offset: piece.offset, startMs, made: 0 };
    return this.#run;
  }

  /** The end of a run, which the resampler still holds. */
  #tail(): Ready {
    const run = this.#run!;
    this.#run = undefined;
    return this.#stretch(run, this.#resampler!.flush());
  }

  #stretch(run: Run, samples: Float32Array): Ready {
    const stepMs = 1000 / this.#rate;
    const ready = { turn: run.turn, samples, startMs: run.startMs + run.made * stepMs, stepMs, used: 0 };
    run.made += samples.length;
    return ready;
  }

  #fadeOut(): Ready | undefined {
    const ready = this.#ready!;
    const length = Math.ceil((this.#fade * this.#rate) / 1000);
    const samples = new Float32Array(length);
    let written = 0;
    let from: Ready | undefined = ready;
    while (written < length && from !== undefined && from.turn === ready.turn) {
      const part: Float32Array = from.samples.subarray(from.used, from.used + length - written);
      samples.set(part, written);
      written += part.length;
      from = this.#waiting[0]?.turn === ready.turn ? this.#make() : undefined;
    }
    for (let n = 0; n < written; n++) samples[n]! *= 0.5 + 0.5 * Math.cos((Math.PI * n) / written);
    const startMs = ready.startMs + ready.used * ready.stepMs;
    return { turn: ready.turn, samples: samples.subarray(0, written), startMs, stepMs: ready.stepMs, used: 0 };
  }
}

/** Milliseconds. */
const SLICE = 10;
