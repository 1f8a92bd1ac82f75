import type { Sound } from "../protocol/frames.js";
import { type FromPlayback, PLAYBACK, type Report, type ToPlayback } from "../worklets/messages.js";

/** Who hears what the loudspeaker does. */
export interface LoudspeakerListener {
  report(report: Report): void;
  /** The first sample of a turn that an ear can hear leaves now, or so many milliseconds from now. */
  audible(turn: number, inMs: number): void;
  silent(turn: number, afterMs: number, samples: number): void;
}

/** The assistant's side: what it says, as loud as is wanted. */
export class Loudspeaker {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  readonly #gain: GainNode;

  /** The worklet's module must have been added. */
  constructor(context: AudioContext, listener: LoudspeakerListener) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, PLAYBACK, { numberOfInputs: 0, outputChannelCount: [1] });
    this.#gain = new GainNode(context);
    this.#node.connect(this.#gain).connect(context.destination);
    this.#node.port.onmessage = ({ data }: MessageEvent<FromPlayback>) => this.#hear(data, listener);
  }

  /** Plays a piece of an answer, behind what waits. */
  play({ turn, offset, rate, pcm }: Sound): void {
    this.#say({ say: "piece", piece: { turn, offset, rate, pcm } }, [pcm.buffer]);
  }

  /** Nothing more of an answer comes. */
  end(turn: number): void {
    this.#say({ say: "end", turn });
  }

  /** Stops an answer now. */
  cut(turn: number): void {
    this.#say({ say: "cut", turn, at: this.#context.currentTime });
  }

  /** Sets how loud it is, from 0 to 1. */
  set volume(volume: number) {
    // An ear takes the square for half as loud; a step would click.
    this.#gain.gain.setTargetAtTime(volume * volume, this.#context.currentTime, 0.01);
  }

  #hear(told: FromPlayback, listener: LoudspeakerListener): void {
    switch (told.tell) {
      case "report":
        return listener.report(told);
      case "audible": {
        const late = this.#context.outputLatency || this.#context.baseLatency || 0;
        return listener.audible(told.turn, (told.at - this.#context.currentTime + late) * 1000);
      }
      case "silent":
        return listener.silent(told.turn, told.afterMs, told.samples);
    }
  }

  #say(message: ToPlayback, transfer: Transferable[] = []): void {
    this.#node.port.postMessage(message, transfer);
  }
}
