import type { State } from "../model/presence.js";
import type { Change, Line } from "../model/transcript.js";
import type { VoiceError } from "../protocol/errors.js";
import type { CallEvent, Tokens, TurnEnd } from "../protocol/events.js";
/** What the user waited for in a turn, in milliseconds from the end of speech, or from the sending of a text. */
export interface Latency {
    readonly turn: number;
    readonly firstTextMs: number | null;
    readonly firstAudioMs: number | null;
    /** Until the first sample that can be heard, had it been played as soon as it came. */
    readonly firstAudibleMs: number | null;
    /** Until that sample left this page's loudspeaker: the jitter buffer and the sound card are in it. */
    readonly loudspeakerMs: number | null;
}
/** What the whole call has used so far. */
export interface UsageSoFar {
    readonly total: Tokens;
    /** US dollars as exact decimal text; null where a price is unknown. */
    readonly cost: string | null;
}
/** The events of `<nova-voice>`, and what is in their `detail`. */
export interface VoiceEvents {
    /** The state has changed. */
    state: {
        readonly state: State;
        readonly previous: State;
    };
    /** A session was opened or joined. */
    session: {
        readonly id: string;
        readonly origin: "opened" | "joined";
    };
    /** A line of the transcript was added, has changed, or went. */
    transcript: {
        readonly change: Exclude<Change["change"], "none">;
        readonly line: Line;
    };
    /** The waits of the last turn; told again when the loudspeaker's is known. */
    latency: Latency;
    usage: UsageSoFar;
    /** A tool runs; if it is one that this page brought, answer with `answerTool`. */
    toolcall: {
        readonly turn: number;
        readonly id: string;
        readonly name: string;
        readonly arguments: unknown;
    };
    tooldone: {
        readonly id: string;
        readonly name: string;
        readonly outcome: string;
    };
    /** An answer was cut: so much of it was heard. */
    interrupted: {
        readonly turn: number;
        readonly heardMs: number;
    };
    turnended: {
        readonly turn: number;
        readonly end: TurnEnd;
    };
    /** Twenty times a second while somebody speaks: both levels from 0 (−60 dB) to 1. */
    level: {
        readonly user: number;
        readonly assistant: number;
    };
    /** Something went wrong, in words. If it ended the call, the state says so. */
    error: VoiceError;
    /** Every event of the call except sound, as it came. */
    event: CallEvent;
}
/** Tells a page of an event. */
export type Tell = <Name extends keyof VoiceEvents>(name: Name, detail: VoiceEvents[Name]) => void;
/** How an answer that was cut became silent. */
export interface CutAccount {
    readonly turn: number;
    /** From the server's message to the first silent sample. */
    readonly afterMs: number;
    /** Samples of the answer that were still rendered in that time. */
    readonly samples: number;
}
/** Counts of a call, for whoever looks after it. */
export interface Stats {
    /** Frames of 32 ms that were sent, such as were given up since there was no road, and such as the server did not take. */
    readonly framesSent: number;
    readonly framesDropped: number;
    readonly framesRefused: number;
    /** Pieces of the assistant's voice that came, and such as were refused since too much waited. */
    readonly piecesReceived: number;
    readonly piecesRefused: number;
    /** What waits to be played, and what the jitter buffer gathers before an answer sounds. */
    readonly waitingMs: number;
    readonly targetMs: number;
    /** How often an answer ran dry before its end. */
    readonly starved: number;
    /** How often the connection came back. */
    readonly returns: number;
    /** What was rendered of the last answer. */
    readonly played: {
        readonly turn: number;
        readonly ms: number;
    } | null;
    readonly lastCut: CutAccount | null;
}
