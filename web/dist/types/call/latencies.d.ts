import type { Waits } from "../protocol/events.js";
import type { Latency } from "./voice-events.js";
/** Joins what the server measured of a turn with what the loudspeaker adds to it. */
export declare class Latencies {
    #private;
    /** A piece of a turn's answer came; the first counts. */
    came(turn: number, at: number): void;
    /** The first sample of a turn that an ear can hear left the loudspeaker. */
    audible(turn: number, at: number): Latency | undefined;
    /** A turn is over, and the server tells its waits. */
    ended(turn: number, waits: Waits): Latency | undefined;
}
