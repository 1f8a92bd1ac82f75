import { Framer } from "../audio/framer.js";
import { CAPTURE, type FromCapture, type ToCapture } from "./messages.js";

/** The microphone's side: hears whatever rate the page's audio runs at, tells frames of 16 kHz while it is open. */
class Capture extends AudioWorkletProcessor {
  readonly #framer = new Framer(sampleRate);
  #open = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToCapture>) => {
      this.#open = data.say === "open";
      if (!this.#open) this.#tell(this.#framer.flush());
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? [];
    if (this.#open && channels[0]) for (const frame of this.#framer.push(channels[0])) this.#tell(frame);
    return true;
  }

  #tell(frame: FromCapture | undefined): void {
    if (frame) this.port.postMessage(frame, [frame.pcm.buffer]);
  }
}

registerProcessor(CAPTURE, Capture);
