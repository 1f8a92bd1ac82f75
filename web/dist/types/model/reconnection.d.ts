/** What the owner of a connection is to do now. */
export type Act = 
/** Open a socket; `after` is the number of the last event that was heard, nothing at the first time. */
{
    readonly do: "connect";
    readonly after: number | undefined;
}
/** Give up the socket that does not open, and say `closed` of it. */
 | {
    readonly do: "abandon";
} | {
    readonly do: "nothing";
};
/** Why a connection is over for good. */
export type End = 
/** The call is over, or this side wanted it. */
{
    readonly why: "done";
}
/** The server refuses: to ask again would be refused again. `status` is that of HTTP. */
 | {
    readonly why: "refused";
    readonly status: number;
    readonly code: string;
}
/** The road did not come back in time. */
 | {
    readonly why: "lost";
};
/** Where a connection is. Times are those that are handed in, in milliseconds. */
export type Phase = {
    readonly name: "idle";
} | {
    readonly name: "connecting";
    readonly attempt: number;
    readonly until: number;
} | {
    readonly name: "open";
    readonly since: number;
} | {
    readonly name: "waiting";
    readonly attempt: number;
    readonly until: number;
} | {
    readonly name: "over";
    readonly end: End;
};
/** What `Reconnection` can be given, in milliseconds. */
export interface ReconnectionOptions {
    /** Scatters the pauses, so that a thousand pages do not come back in the same moment; from 0 to 1. */
    readonly random?: () => number;
    /** How long an opening may take; 10 s by default. */
    readonly opening?: number;
    /** How long the road may be gone; a minute by default. */
    readonly patience?: number;
}
/**
 * Comes back when the road breaks, with growing pauses and within a deadline, and knows which events were heard already.
 * Pure: it says what to do, and its owner has the socket and the clock.
 */
export declare class Reconnection {
    #private;
    constructor(options?: ReconnectionOptions);
    /** Where it is. */
    get phase(): Phase;
    /** The number of the last event that was heard; nothing before the first. */
    get lastEvent(): number | undefined;
    /** How often the road came back. */
    returns: number;
    /** When `tick` is due at the latest; nothing if nothing is waited for. */
    get due(): number | undefined;
    /** Begins. */
    start(now: number): Act;
    /** The socket is open. */
    opened(now: number): Act;
    /** Whether an event is new; the caller passes over those that are not. */
    heard(seq: number): boolean;
    /** The socket is closed, or never opened. */
    closed(now: number, code: number, reason: string): Act;
    /** The network says that it is back: waits no longer. */
    online(now: number): Act;
    /** Time has passed. */
    tick(now: number): Act;
    /** This side wants no more. */
    stop(): void;
}
