/** A piece of the user's voice as it is sent. */
export interface VoiceFrame {
    readonly pcm: Int16Array<ArrayBuffer>;
    /** Its loudest sample, from 0 to 1. */
    readonly peak: number;
}
/** What the service hears best. */
export declare const VOICE_RATE = 16000;
/** Milliseconds: short enough for a quick answer, long enough for few messages. */
export declare const FRAME_MS = 32;
/** Cuts what a microphone hears, at whatever rate, into frames of equal length at the rate of a call. */
export declare class Framer {
    #private;
    /** `from` is the microphone's rate, `to` that of the call. */
    constructor(from: number, to?: number);
    /** Takes samples, and returns the frames that are full now. */
    push(samples: Float32Array): VoiceFrame[];
    /** Returns what is left, filled up with silence, and forgets it; nothing if nothing is left. */
    flush(): VoiceFrame | undefined;
}
