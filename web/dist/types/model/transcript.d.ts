import type { Stage, TranscriptEvent } from "../protocol/events.js";
/** A line as a page shows it. */
export interface Line {
    readonly item: number;
    readonly turn: number;
    readonly role: "user" | "assistant";
    /** What was said, as known now; of an answer that was cut, what was heard of it. */
    readonly text: string;
    /** What was announced, and never heard because the answer was cut; empty otherwise. */
    readonly unheard: string;
    readonly stage: Stage;
}
/** What an event did to the transcript. */
export type Change = {
    readonly change: "added" | "changed";
    readonly line: Line;
    readonly at: number;
} | {
    readonly change: "removed";
    readonly line: Line;
} | {
    readonly change: "none";
};
/** The lines of a call, in the order of their turns. A line comes several times, each time whole. */
export declare class Transcript {
    #private;
    /** The lines, oldest first. */
    get lines(): readonly Line[];
    /** Forgets everything: another call begins. */
    clear(): void;
    /** Takes a line that is new or has changed. */
    apply(event: TranscriptEvent): Change;
}
