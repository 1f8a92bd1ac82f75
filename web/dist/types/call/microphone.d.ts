import type { VoiceFrame } from "../audio/framer.js";
import { VoiceError } from "../protocol/errors.js";
/** Who hears what a microphone hears. */
export interface MicrophoneListener {
    frame(frame: VoiceFrame): void;
    /** No frame comes until it is opened again. */
    closed(): void;
    /** The microphone is gone: it was pulled out, or taken away in the browser. */
    lost(error: VoiceError): void;
}
/** The user's side: a microphone, or a recording in its place, cut into frames while it is open. */
export declare class Microphone {
    #private;
    /** The worklet's module must have been added. `rate` is that of the frames. */
    constructor(context: AudioContext, rate: number, listener: MicrophoneListener);
    /** Whether there is a microphone. */
    get there(): boolean;
    /** Whether a recording is being played in its place. */
    get playing(): boolean;
    /** Asks for the microphone, with echo cancellation. Fails with a `VoiceError` whose hint says what to do. */
    ask(): Promise<void>;
    /** Opens or closes the ear. */
    set(ear: "open" | "closed"): void;
    /** Plays a recording in place of the microphone, to its end. */
    play(recording: AudioBuffer): Promise<void>;
    /** Lets go of the microphone. */
    release(): void;
}
