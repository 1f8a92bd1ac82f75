/** What a page and its two worklets say to each other. Times are of the audio clock, in seconds. */
import type { VoiceFrame } from "../audio/framer.js";
import type { Piece, Position } from "../audio/playout.js";
export declare const CAPTURE = "nova-voice-capture";
export declare const PLAYBACK = "nova-voice-playback";
/** To the microphone's side: whether what is heard is wanted. */
export type ToCapture = {
    readonly say: "open";
} | {
    readonly say: "close";
};
/** From the microphone's side; after `closed` no frame comes until it is opened again. */
export type FromCapture = {
    readonly tell: "frame";
    readonly frame: VoiceFrame;
} | {
    readonly tell: "closed";
};
/** What the microphone's side is made with. */
export interface CaptureOptions {
    /** The rate of the frames, in Hz. */
    readonly rate: number;
}
/** To the loudspeaker's side. */
export type ToPlayback = {
    readonly say: "piece";
    readonly piece: Piece;
} | {
    readonly say: "end";
    readonly turn: number;
}
/** `at` is when the page was told, by the audio clock. */
 | {
    readonly say: "cut";
    readonly turn: number;
    readonly at: number;
};
/** What the loudspeaker does, several times a second while it does something. */
export interface Report {
    readonly tell: "report";
    readonly position: Position | undefined;
    readonly busy: boolean;
    /** The loudest sample since the last report, from 0 to 1. */
    readonly peak: number;
    /** What waits, and what is gathered before an answer sounds, in milliseconds. */
    readonly waitingMs: number;
    readonly targetMs: number;
    readonly starved: number;
    /** Pieces that were refused because too much waited. */
    readonly refused: number;
}
/** From the loudspeaker's side. */
export type FromPlayback = Report
/** The first sample of a turn that an ear can hear was rendered at that time. */
 | {
    readonly tell: "audible";
    readonly turn: number;
    readonly at: number;
}
/** An answer that was cut is silent: so much was still rendered after the page was told. */
 | {
    readonly tell: "silent";
    readonly turn: number;
    readonly afterMs: number;
    readonly samples: number;
};
