import type { State } from "../model/presence.js";
import type { Line } from "../model/transcript.js";
import type { VoiceError } from "../protocol/errors.js";
/** What a person can do. */
export interface Wishes {
    toggle(): void;
    mute(): void;
    hold(): void;
    release(): void;
    interrupt(): void;
    say(text: string): void;
    volume(volume: number): void;
}
/** How the microphone is used just now. */
export type Talking = "open" | "muted" | "push" | "pushed";
/** What a person sees and touches: shows what it is told, and tells wishes; it knows nothing of calls. */
export declare class View {
    #private;
    constructor(root: ShadowRoot, wishes: Wishes);
    /** Shows what goes on. */
    state(state: State): void;
    /** Shows how the microphone is used, and whether there is one in this call. */
    talking(talking: Talking, microphone: "there" | "none"): void;
    /** Shows a line that is new or has changed, in front of the line with the item `before`. */
    line(line: Line, before: number | undefined): void;
    /** Takes a line off. */
    remove(line: Line): void;
    /** Takes all lines off: another call begins. */
    clear(): void;
    /** Shows what went wrong, or nothing. */
    error(error: VoiceError | undefined): void;
    /** Gives back what was typed and could not be said, unless something else is being typed. */
    giveBack(text: string): void;
    /** Shows how loud both sides are, each from 0 to 1. */
    level(user: number, assistant: number): void;
    /** Shows how loud the assistant is set. */
    volume(volume: number): void;
}
