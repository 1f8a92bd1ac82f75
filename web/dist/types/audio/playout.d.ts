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
/**
 * The loudspeaker's side of an answer: a jitter buffer, a change of rate, a fade where an answer is cut, and an exact account
 * of what was rendered. Pure: time is handed in, in seconds, and the samples are pulled.
 */
export declare class Playout {
    #private;
    /** `rate` is the loudspeaker's. */
    constructor(rate: number, options?: PlayoutOptions);
    /** Where the playing is; nothing before the first sound. */
    get position(): Position | undefined;
    /** How often an answer ran dry before its end. */
    get starved(): number;
    /** What is gathered now before an answer sounds, in milliseconds. */
    get target(): number;
    /** What waits, in milliseconds. */
    get waiting(): number;
    /** Whether something sounds, or is about to. */
    get busy(): boolean;
    /** Takes a piece of an answer. */
    push(piece: Piece, now: number): Taken;
    /** Says that nothing more of an answer comes. */
    end(turn: number): void;
    /** Stops an answer, and all before it: what is left of it fades out, and it never sounds again. */
    cut(turn: number): void;
    /** Fills `out` with the next samples, and with silence where there are none. */
    pull(out: Float32Array, now: number): void;
}
