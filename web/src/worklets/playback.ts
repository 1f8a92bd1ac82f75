import { AUDIBLE, peak } from "../audio/pcm.js";
import { Playout } from "../audio/playout.js";
import { type FromPlayback, PLAYBACK, type ToPlayback } from "./messages.js";

/** The loudspeaker's side: plays what waits, and tells what was rendered. */
class Playback extends AudioWorkletProcessor {
  readonly #playout = new Playout(sampleRate);
  #peak = 0;
  #refused = 0;
  #quiet = true;
  #reportDue = 0;
  #audible = -1;
  /** An answer that was cut and is not silent yet. */
  #cut: { turn: number; at: number; samples: number } | undefined;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToPlayback>) => this.#hear(data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (out === undefined) return true;
    this.#playout.pull(out, currentTime);
    const loudest = peak(out);
    this.#peak = Math.max(this.#peak, loudest);
    this.#noteAudible(loudest);
    this.#noteSilent(loudest, out.length);
    this.#report();
    return true;
  }

  #hear(said: ToPlayback): void {
    switch (said.say) {
      case "piece":
        if (this.#playout.push(said.piece, currentTime) === "full") this.#refused += 1;
        break;
      case "end":
        this.#playout.end(said.turn);
        break;
      case "cut":
        this.#playout.cut(said.turn);
        this.#cut = { turn: said.turn, at: said.at, samples: 0 };
        break;
    }
  }

  #noteAudible(loudest: number): void {
    const turn = this.#playout.position?.turn;
    if (turn === undefined || turn <= this.#audible || loudest < AUDIBLE) return;
    this.#audible = turn;
    this.#tell({ tell: "audible", turn, at: currentTime });
  }

  #noteSilent(loudest: number, samples: number): void {
    if (this.#cut === undefined) return;
    const { turn, at } = this.#cut;
    if (loudest > 0 && (this.#playout.position?.turn ?? turn) <= turn) {
      this.#cut.samples += samples;
      return;
    }
    this.#tell({ tell: "silent", turn, afterMs: Math.max(0, currentTime - at) * 1000, samples: this.#cut.samples });
    this.#cut = undefined;
  }

  /** Every 50 ms while something sounds, and once when it ends: the last position is told too. */
  #report(): void {
    const busy = this.#playout.busy;
    if (busy ? currentTime < this.#reportDue : this.#quiet) return;
    this.#quiet = !busy;
    this.#reportDue = currentTime + 0.05;
    this.#tell({
      tell: "report",
      position: this.#playout.position,
      busy,
      peak: busy ? this.#peak : 0,
      waitingMs: this.#playout.waiting,
      targetMs: this.#playout.target,
      starved: this.#playout.starved,
      refused: this.#refused,
    });
    this.#peak = 0;
  }

  #tell(message: FromPlayback): void {
    this.port.postMessage(message);
  }
}

registerProcessor(PLAYBACK, Playback);
