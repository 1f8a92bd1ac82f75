import type { KnownEvent } from "../protocol/events.js";
/** What goes on in a call, for people: one word at a time. */
export type State = 
/** There is no call. */
"idle" | "connecting"
/** Nobody speaks. */
 | "listening"
/** The user speaks. */
 | "hearing"
/** An answer is owed and does not sound yet. */
 | "thinking"
/** The assistant's voice is in the loudspeaker. */
 | "speaking"
/** The road to the server or to the service broke, and is being found again. */
 | "reconnecting" | "ended";
/** Folds what is known of a call into one state. */
export declare class Presence {
    #private;
    /** The state now. */
    get state(): State;
    /** A call begins to be opened. */
    begin(): void;
    /** The connection to the server is there, or is gone for now. */
    road(now: "open" | "broken"): void;
    /** The call is over. */
    end(): void;
    /** The user has typed something. */
    typed(): void;
    /** The loudspeaker has begun, or has nothing left. */
    sounds(now: "sounding" | "quiet"): void;
    /** Takes an event of the call. */
    apply(event: KnownEvent): void;
}
