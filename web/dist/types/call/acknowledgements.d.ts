import type { Position } from "../audio/playout.js";
/** Tells the server how much of an answer left the loudspeaker: several times a second, and at the end. */
export declare class Acknowledgements {
    #private;
    constructor(say: (position: Position) => void);
    /** The loudspeaker is there now; `busy` if it goes on. Times are in milliseconds. */
    reached(position: Position | undefined, loudspeaker: "busy" | "quiet", now: number): void;
    /** What was said last may have been lost with the road. */
    repeat(): void;
}
