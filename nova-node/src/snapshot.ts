import { lifted } from "./errors.js";
import { native } from "./native.js";
import type { Message } from "./options.js";

/** A call as it was at one moment, for `Conversation.resume`, in whatever process and language. It holds what was said. */
export class Snapshot {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Reads a snapshot; what is wrong with it is told when it is resumed. */
  static from(json: string | Uint8Array | object): Snapshot {
    if (json instanceof Snapshot) return json;
    if (typeof json === "string") return new Snapshot(json);
    return new Snapshot(json instanceof Uint8Array ? Buffer.from(json).toString() : JSON.stringify(json));
  }

  /** What was said, oldest first. */
  get history(): Message[] {
    return JSON.parse(lifted(() => native.history(this.#text)));
  }

  /** Writes it down, byte for byte as the library does. */
  toString(): string {
    return this.#text;
  }

  /** What `JSON.stringify` writes. */
  toJSON(): unknown {
    return JSON.parse(this.#text);
  }
}
