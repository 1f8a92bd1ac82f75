/** What the owner of a connection is to do now. */
export type Act =
  /** Open a socket; `after` is the number of the last event that was heard, nothing at the first time. */
  | { readonly do: "connect"; readonly after: number | undefined }
  /** Give up the socket that does not open, and say `closed` of it. */
  | { readonly do: "abandon" }
  | { readonly do: "nothing" };

/** Why a connection is over for good. */
export type End =
  /** The call is over, or this side wanted it. */
  | { readonly why: "done" }
  /** The server refuses: to ask again would be refused again. `status` is that of HTTP. */
  | { readonly why: "refused"; readonly status: number; readonly code: string }
  /** The road did not come back in time. */
  | { readonly why: "lost" };

/** Where a connection is. Times are those that are handed in, in milliseconds. */
export type Phase =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly attempt: number; readonly until: number }
  | { readonly name: "open"; readonly since: number }
  | { readonly name: "waiting"; readonly attempt: number; readonly until: number }
  | { readonly name: "over"; readonly end: End };

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
export class Reconnection {
  readonly #random: () => number;
  readonly #opening: number;
  readonly #patience: number;
  #phase: Phase = { name: "idle" };
  #heard: number | undefined;
  #lostAt: number | undefined;
  #attempts = 0;

  constructor(options: ReconnectionOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#opening = options.opening ?? 10_000;
    this.#patience = options.patience ?? 60_000;
  }

  /** Where it is. */
  get phase(): Phase {
    return this.#phase;
  }

  /** The number of the last event that was heard; nothing before the first. */
  get lastEvent(): number | undefined {
    return this.#heard;
  }

  /** How often the road came back. */
  returns = 0;

  /** When `tick` is due at the latest; nothing if nothing is waited for. */
  get due(): number | undefined {
    return this.#phase.name === "connecting" || this.#phase.name === "waiting" ? this.#phase.until : undefined;
  }

  /** Begins. */
  start(now: number): Act {
    return this.#phase.name === "idle" ? this.#connect(now) : NOTHING;
  }

  /** The socket is open. */
  opened(now: number): Act {
    if (this.#phase.name === "connecting") {
      if (this.#lostAt !== undefined) this.returns += 1;
      this.#phase = { name: "open", since: now };
    }
    return NOTHING;
  }

  /** Whether an event is new; the caller passes over those that are not. */
  heard(seq: number): boolean {
    if (this.#heard !== undefined && seq <= this.#heard) return false;
    this.#heard = seq;
    return true;
  }

  /** The socket is closed, or never opened. */
  closed(now: number, code: number, reason: string): Act {
    const phase = this.#phase;
    if (phase.name !== "open" && phase.name !== "connecting") return NOTHING;
    if (code === NORMAL && phase.name === "open") return this.#end({ why: "done" });
    if (code >= 4400 && code < 4500) return this.#end({ why: "refused", status: code - 4000, code: reason });
    // One that breaks as soon as it is open is no success: pauses go on growing, and so does the time without a road.
    if (phase.name === "open" && now - phase.since >= STEADY) {
      this.#lostAt = undefined;
      this.#attempts = 0;
    }
    this.#lostAt ??= now;
    if (now - this.#lostAt >= this.#patience) return this.#end({ why: "lost" });
    const pause = Math.min(LONGEST, SHORTEST * 2 ** (this.#attempts - 1));
    const first = this.#attempts === 0;
    const until = now + (first ? 0 : pause * (0.5 + 0.5 * this.#random()));
    this.#phase = { name: "waiting", attempt: this.#attempts, until };
    return first ? this.#connect(now) : NOTHING;
  }

  /** The network says that it is back: waits no longer. */
  online(now: number): Act {
    return this.#phase.name === "waiting" ? this.#connect(now) : NOTHING;
  }

  /** Time has passed. */
  tick(now: number): Act {
    const due = this.due;
    if (due === undefined || now < due) return NOTHING;
    return this.#phase.name === "connecting" ? { do: "abandon" } : this.#connect(now);
  }

  /** This side wants no more. */
  stop(): void {
    if (this.#phase.name !== "over") this.#phase = { name: "over", end: { why: "done" } };
  }

  #connect(now: number): Act {
    this.#attempts += 1;
    this.#phase = { name: "connecting", attempt: this.#attempts, until: now + this.#opening };
    return { do: "connect", after: this.#heard };
  }

  #end(end: End): Act {
    this.#phase = { name: "over", end };
    return NOTHING;
  }
}

const NOTHING: Act = { do: "nothing" };
/** The close code of a call that is over. */
const NORMAL = 1000;
/** Pauses between attempts. */
const SHORTEST = 250;
const LONGEST = 8000;
/** A connection that lasted this long was one. */
const STEADY = 5000;
