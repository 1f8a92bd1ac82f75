/**
 * `<nova-voice>`: a spoken conversation in any web page.
 *
 *     <script type="module" src="/nova-voice.js"></script>
 *     <nova-voice src="/ws/"></nova-voice>
 *
 * The README beside this package lists attributes, methods and events. Everything under `call` and `model` is without a
 * face; `element` is what a person sees.
 */
import type { Worklets } from "./call/audio.js";
import { type Token } from "./call/server.js";
import type { Stats, VoiceEvents } from "./call/voice-events.js";
import type { State } from "./model/presence.js";
import type { Line } from "./model/transcript.js";
import { VoiceError } from "./protocol/errors.js";
export type { Worklets } from "./call/audio.js";
export type { Token } from "./call/server.js";
export type { CutAccount, Latency, Stats, UsageSoFar, VoiceEvents } from "./call/voice-events.js";
export type { State } from "./model/presence.js";
export type { Line } from "./model/transcript.js";
export type { ErrorFields } from "./protocol/errors.js";
export type { CallEvent, KnownEvent, Tokens, TurnEnd } from "./protocol/events.js";
export { VoiceError };
/** How a call is started. */
export interface StartOptions {
    /** `none` asks for no microphone: the call can be typed in, heard, and given recordings. */
    readonly microphone?: "microphone" | "none";
}
/** A listener of one of the element's events. */
export type VoiceListener<Name extends keyof VoiceEvents> = (event: CustomEvent<VoiceEvents[Name]>) => void;
/** The element. */
export declare class NovaVoice extends HTMLElement {
    #private;
    static readonly observedAttributes: string[];
    constructor();
    /** The address of the WebSocket: with a session's id it joins that call, without one it opens a call when started. */
    get src(): string;
    set src(src: string);
    /** The body of `POST /session/start` for a call that is opened here; the attribute is its JSON. */
    get options(): Readonly<Record<string, unknown>>;
    set options(options: Readonly<Record<string, unknown>>);
    /** Shows who the user is, where the server asks: a bearer token, or what fetches one. */
    get token(): Token;
    set token(token: Token);
    /** Where the two worklets are, if not beside this module. */
    get worklets(): Worklets;
    set worklets(worklets: Worklets);
    /** How loud the assistant is, from 0 to 1. */
    get volume(): number;
    set volume(volume: number);
    /** Whether the microphone is off. */
    get mute(): boolean;
    set mute(mute: boolean);
    /** Whether the microphone is heard only while the button, or the space bar, is held. */
    get pushToTalk(): boolean;
    set pushToTalk(push: boolean);
    /** What goes on. */
    get state(): State;
    /** The session's id, once it is known. */
    get session(): string | null;
    /** The number of the last event; a page that is loaded anew joins behind it with `src="/ws/ID?after=NUMBER"`. */
    get lastEvent(): number | null;
    /** The lines of this call, or of the last one, oldest first. */
    get transcript(): readonly Line[];
    /** Counts of this call, or of the last one; null before the first. */
    get stats(): Stats | null;
    /**
     * Starts the call; done when it is connected. Must come from a gesture of the user's, or nothing sounds. Fails with a
     * `VoiceError`, which is told as an event and shown too.
     */
    start(options?: StartOptions): Promise<void>;
    /** Ends a call that was opened here, leaves one that was joined. Silent at once; done when the server has ended it. */
    stop(): Promise<void>;
    /** Says something typed, to be answered aloud; as soon as the call is there. Without a call it tells an `error`. */
    say(text: string): void;
    /** Makes the assistant speak first; the instruction is seen by nobody. Without a call it tells an `error`. */
    greet(text: string): void;
    /** Stops the answer that sounds. */
    interrupt(): void;
    /** Asks by a recording in place of the microphone; done when it has been played to its end. */
    play(recording: string | URL | Blob): Promise<void>;
    /** Answers a tool that this page brought (`tools` of the options), with any JSON. */
    answerTool(id: string, result: unknown): void;
    /** Says why a tool has no result, in a sentence for the model. */
    refuseTool(id: string, error: string): void;
    /** With `pushToTalk`: opens the microphone until `release`. */
    hold(): void;
    /** Ends what `hold` began. */
    release(): void;
    addEventListener<Name extends keyof VoiceEvents>(name: Name, listener: VoiceListener<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(name: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "nova-voice": NovaVoice;
    }
}
