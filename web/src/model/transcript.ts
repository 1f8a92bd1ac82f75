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
export type Change =
  | { readonly change: "added" | "changed"; readonly line: Line; readonly at: number }
  | { readonly change: "removed"; readonly line: Line }
  | { readonly change: "none" };

/** The lines of a call, in the order of their turns. A line comes several times, each time whole. */
export class Transcript {
  #lines: Line[] = [];
  /** The longest text that an answer was announced with, by item: the words that a cut leaves out. */
  readonly #announced = new Map<number, string>();

  /** The lines, oldest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Forgets everything: another call begins. */
  clear(): void {
    this.#lines = [];
    this.#announced.clear();
  }

  /** Takes a line that is new or has changed. */
  apply(event: TranscriptEvent): Change {
    if (event.role !== "user" && event.role !== "assistant") return { change: "none" };
    if (!event.cut) this.#announced.set(event.item, event.text);
    const old = this.#lines.findIndex((line) => line.item === event.item);
    const line = this.#line(event, event.role);
    if (event.stage === "final" && event.text === "" && line.unheard === "") return this.#remove(old);
    if (old >= 0) {
      this.#lines[old] = line;
      return { change: "changed", line, at: old };
    }
    const at = this.#place(line);
    this.#lines.splice(at, 0, line);
    return { change: "added", line, at };
  }

  #line(event: TranscriptEvent, role: Line["role"]): Line {
    const { item, turn, text, stage } = event;
    const announced = this.#announced.get(item) ?? "";
    return { item, turn, role, text, stage, unheard: event.cut ? beyond(text, announced) : "" };
  }

  #remove(at: number): Change {
    const line = this.#lines[at];
    if (line === undefined) return { change: "none" };
    this.#lines.splice(at, 1);
    return { change: "removed", line };
  }

  /** Behind all lines of its turn and those before: what the user said may be told after the answer began. */
  #place(line: Line): number {
    const before = (other: Line) =>
      other.turn < line.turn || (other.turn === line.turn && !(line.role === "user" && other.role === "assistant"));
    const later = this.#lines.findIndex((other) => !before(other));
    return later < 0 ? this.#lines.length : later;
  }
}

/** The words of `whole` behind those of `heard`; nothing if it does not begin with them. */
function beyond(heard: string, whole: string): string {
  return whole.startsWith(heard) ? whole.slice(heard.length).trim() : "";
}
