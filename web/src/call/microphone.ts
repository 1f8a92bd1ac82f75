import type { VoiceFrame } from "../audio/framer.js";
import { VoiceError } from "../protocol/errors.js";
import { CAPTURE, type CaptureOptions, type FromCapture, type ToCapture } from "../worklets/messages.js";

/** Who hears what a microphone hears. */
export interface MicrophoneListener {
  frame(frame: VoiceFrame): void;
  /** No frame comes until it is opened again. */
  closed(): void;
  /** The microphone is gone: it was pulled out, or taken away in the browser. */
  lost(error: VoiceError): void;
}

/** The user's side: a microphone, or a recording in its place, cut into frames while it is open. */
export class Microphone {
  readonly #context: AudioContext;
  readonly #listener: MicrophoneListener;
  readonly #node: AudioWorkletNode;
  #stream: MediaStream | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #recording: AudioBufferSourceNode | undefined;
  #open = false;

  /** The worklet's module must have been added. `rate` is that of the frames. */
  constructor(context: AudioContext, rate: number, listener: MicrophoneListener) {
    this.#context = context;
    this.#listener = listener;
    this.#node = new AudioWorkletNode(context, CAPTURE, {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
      channelInterpretation: "speakers",
      processorOptions: { rate } satisfies CaptureOptions,
    });
    this.#node.port.onmessage = ({ data }: MessageEvent<FromCapture>) =>
      data.tell === "frame" ? listener.frame(data.frame) : listener.closed();
    // Its output is silence; without a way to the loudspeaker some browsers do not run it.
    this.#node.connect(context.destination);
  }

  /** Whether there is a microphone. */
  get there(): boolean {
    return this.#stream !== undefined;
  }

  /** Whether a recording is being played in its place. */
  get playing(): boolean {
    return this.#recording !== undefined;
  }

  /** Asks for the microphone, with echo cancellation. Fails with a `VoiceError` whose hint says what to do. */
  async ask(): Promise<void> {
    if (navigator.mediaDevices === undefined) throw insecure();
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
      });
    } catch (error) {
      throw denied(error as DOMException);
    }
    this.#hush();
    for (const track of this.#stream.getTracks()) track.onended = () => this.#lose();
    this.#source = this.#context.createMediaStreamSource(this.#stream);
    if (!this.playing) this.#source.connect(this.#node);
  }

  /** Opens or closes the ear. */
  set(ear: "open" | "closed"): void {
    if ((ear === "open") === this.#open) return;
    this.#open = !this.#open;
    this.#node.port.postMessage({ say: this.#open ? "open" : "close" } satisfies ToCapture);
    this.#hush();
  }

  /** A closed ear hears nothing at all: the browser's own light goes out where there is one. */
  #hush(): void {
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = this.#open;
  }

  /** Plays a recording in place of the microphone, to its end. */
  async play(recording: AudioBuffer): Promise<void> {
    this.#recording?.stop();
    this.#source?.disconnect();
    const player = new AudioBufferSourceNode(this.#context, { buffer: recording });
    this.#recording = player;
    player.connect(this.#node);
    const ended = new Promise((resolve) => player.addEventListener("ended", resolve, { once: true }));
    player.start();
    await ended;
    if (this.#recording !== player) return;
    this.#recording = undefined;
    this.#source?.connect(this.#node);
  }

  #lose(): void {
    this.#source?.disconnect();
    this.#source = undefined;
    this.#stream = undefined;
    this.#listener.lost(gone());
  }

  /** Lets go of the microphone. */
  release(): void {
    this.#recording?.stop();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#node.disconnect();
  }
}

function insecure(): VoiceError {
  return new VoiceError({
    kind: "denied",
    code: "microphone-insecure",
    message: "The browser gives no microphone to this page, since it was not loaded over a secure connection.",
    hint: "Open it over https, or on localhost. Typing works all the same.",
  });
}

function gone(): VoiceError {
  return new VoiceError({
    kind: "unavailable",
    code: "microphone-lost",
    message: "The microphone is gone.",
    hint: "Plug it in, then start again. Typing works all the same.",
  });
}

function denied(error: DOMException): VoiceError {
  const [code, message, hint] = MICROPHONE[error.name] ?? [
    "microphone-failed",
    `The microphone cannot be used: ${error.message || error.name}.`,
    "Typing works all the same.",
  ];
  return new VoiceError({ kind: "denied", code, message, hint });
}

const MICROPHONE: Record<string, [code: string, message: string, hint: string]> = {
  NotAllowedError: [
    "microphone-denied",
    "The browser was not allowed to use the microphone.",
    "Allow it in the address bar, then start again. Typing works all the same.",
  ],
  NotFoundError: [
    "microphone-missing",
    "No microphone was found.",
    "Plug one in, then start again. Typing works all the same.",
  ],
  NotReadableError: [
    "microphone-busy",
    "The microphone is in use by another program.",
    "Close the other program, then start again. Typing works all the same.",
  ],
};
