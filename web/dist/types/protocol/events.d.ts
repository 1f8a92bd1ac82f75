/**
 * What a call tells and is told, as far as this element uses it; `docs/schema` has all of it. A page hears every event as it
 * came, also those that are not named here.
 */
/** How certain a line of the transcript is. */
export type Stage = "speculative" | "final";
/** Why a turn is over. */
export type TurnEnd = "answered" | "interrupted" | "noAnswer" | "lost" | "closed" | "filtered";
/** A line of the transcript, new or changed. */
export interface TranscriptEvent {
    readonly type: "transcript";
    readonly item: number;
    readonly turn: number;
    readonly role: string;
    readonly text: string;
    readonly stage: Stage;
    readonly cut?: {
        readonly heardMs: number;
        readonly errorMs: number;
    } | null;
}
/** Milliseconds from the end of the user's speech, or from the sending of a text. */
export interface Waits {
    readonly firstTextMs: number | null;
    readonly firstAudioMs: number | null;
    readonly firstAudibleMs: number | null;
}
/** Tokens by direction and kind. */
export interface Tokens {
    readonly speechIn: number;
    readonly textIn: number;
    readonly speechOut: number;
    readonly textOut: number;
}
/** A failure as an event carries it. */
export interface Failure {
    readonly kind: string;
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly requestId?: string | null;
    readonly hint?: string | null;
}
/** The events that this element acts on. */
export type KnownEvent = {
    readonly type: "connected";
    readonly requestId: string | null;
} | {
    readonly type: "userSpeechStarted";
    readonly offsetMs: number;
} | {
    readonly type: "userSpeechEnded";
    readonly offsetMs: number;
} | TranscriptEvent | {
    readonly type: "audio";
    readonly turn: number;
    readonly rate: number;
    readonly offsetMs: number;
    readonly pcm: string;
} | {
    readonly type: "interrupted";
    readonly turn: number;
    readonly heardMs: number;
    readonly errorMs: number;
} | {
    readonly type: "toolCall";
    readonly turn: number;
    readonly id: string;
    readonly name: string;
    readonly arguments: unknown;
} | {
    readonly type: "toolDone";
    readonly id: string;
    readonly name: string;
    readonly outcome: string;
} | {
    readonly type: "turnEnded";
    readonly turn: number;
    readonly end: TurnEnd;
    readonly latency: Waits;
} | {
    readonly type: "usage";
    readonly total: Tokens;
    readonly delta: Tokens;
    readonly cost: string | null;
} | {
    readonly type: "reconnecting";
    readonly reason: Failure;
    readonly attempt: number;
} | {
    readonly type: "renewed";
    readonly session: number;
    readonly reason: string;
} | {
    readonly type: "closed";
    readonly reason: string;
    readonly error: Failure | null;
}
/** A command that could not be done, or what ends the connection; the only message without a number. */
 | {
    readonly type: "error";
    readonly error: unknown;
};
/** An event with its place in the call. */
export type CallEvent = KnownEvent & {
    readonly seq: number;
    readonly atMs: number;
};
/** What a page says to a call. */
export type Command = {
    readonly type: "audioEnd";
} | {
    readonly type: "text";
    readonly text: string;
} | {
    readonly type: "greet";
    readonly text: string;
} | {
    readonly type: "interrupt";
} | {
    readonly type: "played";
    readonly turn: number;
    readonly positionMs: number;
} | {
    readonly type: "toolResult";
    readonly id: string;
    readonly result: unknown;
} | {
    readonly type: "toolResult";
    readonly id: string;
    readonly error: string;
} | {
    readonly type: "finish";
};
