/** What went wrong, in words: the same six fields that the server has. */
export declare class VoiceError extends Error {
    readonly name = "VoiceError";
    /** Whose move it is: `invalid`, `denied`, `limit`, `transport`, … */
    readonly kind: string;
    /** Finer, and stable: `no-such-call`, `microphone-denied`, … */
    readonly code: string;
    /** Whether the same thing can succeed later. */
    readonly retryable: boolean;
    /** The service's own id of the request, for a support case. */
    readonly requestId: string | null;
    /** What a person can do. */
    readonly hint: string | null;
    constructor(fields: ErrorFields);
}
/** The fields of an error. */
export interface ErrorFields {
    readonly kind: string;
    readonly code: string;
    readonly message: string;
    readonly retryable?: boolean;
    readonly requestId?: string | null;
    readonly hint?: string | null;
}
/** Reads an error of the server's, from an answer (`request_id`) or from an event (`requestId`); nothing if it is none. */
export declare function readError(json: unknown): VoiceError | undefined;
