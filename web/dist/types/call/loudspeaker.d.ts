import type { Sound } from "../protocol/frames.js";
import { type Report } from "../worklets/messages.js";
/** Who hears what the loudspeaker does. */
export interface LoudspeakerListener {
    report(report: Report): void;
    /** The first sample of a turn that an ear can hear leaves now, or so many milliseconds from now. */
    audible(turn: number, inMs: number): void;
    silent(turn: number, afterMs: number, samples: number): void;
}
/** The assistant's side: what it says, as loud as is wanted. */
export declare class Loudspeaker {
    #private;
    /** The worklet's module must have been added. */
    constructor(context: AudioContext, listener: LoudspeakerListener);
    /** Plays a piece of an answer, behind what waits. */
    play({ turn, offset, rate, pcm }: Sound): void;
    /** Nothing more of an answer comes. */
    end(turn: number): void;
    /** Stops an answer now. */
    cut(turn: number): void;
    /** Sets how loud it is, from 0 to 1. */
    set volume(volume: number);
}
