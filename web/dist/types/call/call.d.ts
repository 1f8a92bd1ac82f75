import { Transcript } from "../model/transcript.js";
import type { Command } from "../protocol/events.js";
import { type Worklets } from "./audio.js";
import type { Server } from "./server.js";
import type { Stats, Tell } from "./voice-events.js";
/** What a call is made of. */
export interface CallSettings {
    readonly server: Server;
    /** The body of `POST /session/start`, if a session is to be opened. */
    readonly options: Readonly<Record<string, unknown>>;
    readonly worklets: Worklets;
    readonly volume: number;
    readonly tell: Tell;
}
/** When the microphone is heard. */
export type Ear = "open" | "muted";
/** One call, from its opening to its end: joins connection, microphone, loudspeaker and what is known of the call. */
export declare class Call {
    #private;
    readonly transcript: Transcript;
    constructor(settings: CallSettings);
    /** What goes on. */
    get state(): import("../nova-voice.js").State;
    /** The session's id, once it is known. */
    get session(): string | undefined;
    /** Whether this call has a microphone; while it is opened, the user may still be asked for one. */
    get microphone(): "there" | "none" | "awaited";
    /** The number of the last event that was heard. */
    get lastEvent(): number | undefined;
    /** Counts, for whoever looks after it. */
    get stats(): Stats;
    /** Opens or joins the call; done when the connection is there. Without a microphone it can be typed in and heard. */
    start(microphone: "microphone" | "none"): Promise<void>;
    /** Ends a call that was opened here, leaves one that was joined. Silent at once; done when the server has ended it. */
    stop(): Promise<void>;
    /** Says when the microphone is heard. */
    listen(ear: Ear): void;
    /** Sets how loud the assistant is. */
    set volume(volume: number);
    /** Says something typed; while the call is opened, as soon as it is there. */
    say(text: string): void;
    /** Says anything else. */
    command(command: Command): void;
    /** Stops the answer: here at once, and there. */
    interrupt(): void;
    /** Plays a recording in place of the microphone. */
    play(source: string | URL | Blob): Promise<void>;
}
