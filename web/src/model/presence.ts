import type { KnownEvent } from "../protocol/events.js";

/** What goes on in a call, for people: one word at a time. */
export type State =
  /** There is no call. */
  | "idle"
  | "connecting"
  /** Nobody speaks. */
  | "listening"
  /** The user speaks. */
  | "hearing"
  /** An answer is owed and does not sound yet. */
  | "thinking"
  /** The assistant's voice is in the loudspeaker. */
  | "speaking"
  /** The road to the server or to the service broke, and is being found again. */
  | "reconnecting"
  | "ended";

/** Folds what is known of a call into one state. */
export class Presence {
  #road: "idle" | "connecting" | "open" | "broken" | "ended" = "idle";
  #service: "there" | "lost" = "there";
  #user: "silent" | "speaking" = "silent";
  #answer: "none" | "owed" | "sounding" = "none";

  /** The state now. */
  get state(): State {
    if (this.#road === "idle" || this.#road === "connecting" || this.#road === "ended") return this.#road;
    if (this.#road === "broken" || this.#service === "lost") return "reconnecting";
    if (this.#user === "speaking") return "hearing";
    if (this.#answer === "sounding") return "speaking";
    return this.#answer === "owed" ? "thinking" : "listening";
  }

  /** A call begins to be opened. */
  begin(): void {
    this.#road = "connecting";
    this.#service = "there";
    this.#user = "silent";
    this.#answer = "none";
  }

  /** The connection to the server is there, or is gone for now. */
  road(now: "open" | "broken"): void {
    // One that was never there is still being connected.
    if (now === "open" || this.#road === "open") this.#road = now;
  }

  /** The call is over. */
  end(): void {
    this.#road = "ended";
  }

  /** The user has typed something. */
  typed(): void {
    this.#answer = "owed";
  }

  /** The loudspeaker has begun, or has nothing left. */
  sounds(now: "sounding" | "quiet"): void {
    if (now === "sounding") this.#answer = "sounding";
    else if (this.#answer === "sounding") this.#answer = "none";
  }

  /** Takes an event of the call. */
  apply(event: KnownEvent): void {
    switch (event.type) {
      case "userSpeechStarted":
        this.#user = "speaking";
        break;
      case "userSpeechEnded":
        this.#user = "silent";
        this.#answer = "owed";
        break;
      case "turnEnded":
        if (this.#answer === "owed") this.#answer = "none";
        break;
      case "reconnecting":
        this.#service = "lost";
        break;
      case "renewed":
        this.#service = "there";
        break;
    }
  }
}
