import { Framer, type VoiceFrame } from "../audio/framer.js";
import { CAPTURE, type CaptureOptions, type FromCapture, type ToCapture } from "./messages.js";

/** The microphone's side: hears whatever rate the page's audio runs at, and tells frames of the call's while it is open. */
class Capture extends AudioWorkletProcessor {
  readonly #framer: Framer;
  #open = false;

  constructor(made: { processorOptions: CaptureOptions }) {
    super();
    this.#framer = new Framer(sampleRate, made.processorOptions.rate);
    this.port.onmessage = ({ data }: MessageEvent<ToCapture>) => (data.say === "open" ? this.#begin() : this.#end());
  }

  process(inputs: Float32Array[][]): boolean {
    const heard = inputs[0]?.[0];
    if (this.#open && heard) for (const frame of this.#framer.push(heard)) this.#tell(frame);
    return true;
  }

  #begin(): void {
    this.#open = true;
  }

  #end(): void {
    this.#open = false;
    const rest = this.#framer.flush();
    if (rest) this.#tell(rest);
    this.port.postMessage({ tell: "closed" } satisfies FromCapture);
  }

  #tell(frame: VoiceFrame): void {
    this.port.postMessage({ tell: "frame", frame } satisfies FromCapture, [frame.pcm.buffer]);
  }
}

registerProcessor(CAPTURE, Capture);
