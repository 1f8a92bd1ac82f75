// What happens in a call, in order: a union that `switch (event.type)` takes apart.

import { type ErrorFields, type ErrorKind, errorOf, type NovaError } from "./errors.js";
import type { NativeSound } from "./native.js";

/** What every event has. */
export interface Stamp {
  /** Counts the events of a call, from 1. */
  seq: number;
  /** Milliseconds since the call began. */
  atMs: number;
}

/** The service accepted the first session: the call has begun. */
export interface Connected extends Stamp {
  type: "connected";
  /** The service's request id, for a support case. */
  requestId: string | null;
}

/** The service noticed that the user began to speak, at `offsetMs` in the audio that was handed over. */
export interface UserSpeechStarted extends Stamp {
  type: "userSpeechStarted";
  offsetMs: number;
}

/** The service noticed that the user stopped speaking, at `offsetMs` in the audio that was handed over. */
export interface UserSpeechEnded extends Stamp {
  type: "userSpeechEnded";
  offsetMs: number;
}

/** Where an answer was cut: how much was heard, and how far from the truth that may be. */
export interface Cut {
  heardMs: number;
  errorMs: number;
}

/**
 * A line of the transcript is new or has changed; it replaces the earlier version of the same `item`. An empty text takes
 * the line off the page: it was announced, and never said.
 */
export interface Transcript extends Stamp {
  type: "transcript";
  item: number;
  turn: number;
  role: "user" | "assistant";
  text: string;
  /** `speculative` is about to be said; `final` was said, and heard. */
  stage: "speculative" | "final";
  cut: Cut | null;
}

/** A piece of the assistant's voice, `offsetMs` into the answer of its turn. */
export interface AssistantAudio extends Stamp {
  type: "audio";
  turn: number;
  /** 16-bit little-endian PCM, mono. */
  pcm: Buffer;
  /** Samples a second. */
  rate: number;
  offsetMs: number;
}

/** The answer was cut: stop playing it. Its sound that was not read yet is gone already. */
export interface Interrupted extends Stamp {
  type: "interrupted";
  turn: number;
  heardMs: number;
  errorMs: number;
}

/** A tool that the model asks for is to run now. Functions run by themselves; answer others with `answerTool`. */
export interface ToolCall extends Stamp {
  type: "toolCall";
  turn: number;
  id: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever the model says
  arguments: Record<string, any>;
}

/** A call of a tool is over, and the model was told. */
export interface ToolDone extends Stamp {
  type: "toolDone";
  id: string;
  name: string;
  outcome:
    | "answered"
    | "shortened"
    | "failed"
    | "timedOut"
    | "cancelled"
    | "unknownTool"
    | "badArguments"
    | "tooMany"
    | "unknown"
    | "abandoned";
}

/** What the user waited for, from the end of speech: the first text, sound, and audible sound of the answer. */
export interface Latency {
  firstTextMs: number | null;
  firstAudioMs: number | null;
  firstAudibleMs: number | null;
}

/** A turn is over. */
export interface TurnEnded extends Stamp {
  type: "turnEnded";
  turn: number;
  end: "answered" | "interrupted" | "noAnswer" | "lost" | "closed" | "filtered";
  latency: Latency;
}

/** Tokens, by kind and direction. */
export interface Tokens {
  speechIn: number;
  textIn: number;
  speechOut: number;
  textOut: number;
}

/** What the call has used so far, and since the event before. */
export interface UsageUpdate extends Stamp {
  type: "usage";
  total: Tokens;
  delta: Tokens;
  /** US dollars as exact decimal text; null where a price is unknown. */
  cost: string | null;
}

/** A bound of a budget was reached; a hard one ends the call after its farewell. */
export interface BudgetReached extends Stamp {
  type: "budget";
  scope: "call" | "owner";
  measure: "tokens" | "cost" | "time";
  level: "soft" | "hard";
}

/** The session was lost for a passing reason; another one is opened, and what the user says meanwhile is kept. */
export interface Reconnecting extends Stamp {
  type: "reconnecting";
  reason: NovaError;
  attempt: number;
}

/** The call goes on in another session; nothing is asked of the application. */
export interface Renewed extends Stamp {
  type: "renewed";
  session: number;
  requestId: string | null;
  reason: "age" | "deadline" | "silence" | "credentials" | "recovery" | "resumed";
  replayedMs: number;
  lostMs: number;
}

/** A sentence of an answer was not simply passed by whoever reviews the answers. */
export interface Reviewed extends Stamp {
  type: "reviewed";
  turn: number;
  outcome: "replaced" | "withheld" | "unreviewed";
}

/** Nobody has said anything for so long. */
export interface UserIdle extends Stamp {
  type: "userIdle";
  silentMs: number;
}

/** The oldest lines of the history were left out of the new session. */
export interface HistoryTrimmed extends Stamp {
  type: "historyTrimmed";
  lines: number;
  bytes: number;
}

/** Input audio was given up. */
export interface InputDropped extends Stamp {
  type: "inputDropped";
  durationMs: number;
  why: "stale" | "halfDuplex" | "closed";
}

/** This reader was too slow or came too late: so many events, with so much sound, are not kept any more. */
export interface Gap extends Stamp {
  type: "gap";
  events: number;
  audioMs: number;
}

/** The service sent an event that this version does not know; nothing was lost. */
export interface Unknown extends Stamp {
  type: "unknown";
  name: string;
  body: unknown;
}

/** What was handed over and never sent. */
export interface Unsent {
  texts: string[];
  audioMs: number;
  /** The sound itself; only `Conversation.closed()` has it. */
  pcm?: Buffer;
}

/** The last event: the call is over. */
export interface Closed extends Stamp {
  type: "closed";
  reason: "finished" | "closeTimedOut" | "peerEnded" | "idle" | "longestCall" | "parked" | "budget" | "failed";
  /** The failure, when one ended it. */
  error: NovaError | null;
  unsent: Unsent;
}

/** Everything that can happen in a call. */
export type NovaEvent =
  | Connected
  | UserSpeechStarted
  | UserSpeechEnded
  | Transcript
  | AssistantAudio
  | Interrupted
  | ToolCall
  | ToolDone
  | TurnEnded
  | UsageUpdate
  | BudgetReached
  | Reconnecting
  | Renewed
  | Reviewed
  | UserIdle
  | HistoryTrimmed
  | InputDropped
  | Gap
  | Unknown
  | Closed;

const KNOWN = new Set([
  "connected",
  "userSpeechStarted",
  "userSpeechEnded",
  "transcript",
  "interrupted",
  "toolCall",
  "toolDone",
  "turnEnded",
  "usage",
  "budget",
  "reconnecting",
  "renewed",
  "reviewed",
  "userIdle",
  "historyTrimmed",
  "inputDropped",
  "gap",
  "unknown",
  "closed",
]);

type Failure = ErrorFields & { kind: ErrorKind; message: string };

/** Makes an event of the JSON that every language has, or of a piece of sound. */
export function decode(item: string | NativeSound): NovaEvent {
  if (typeof item !== "string") {
    const [seq, atMs, turn, pcm, rate, offsetMs] = item;
    return { type: "audio", seq, atMs, turn, pcm, rate, offsetMs };
  }
  const event = JSON.parse(item);
  switch (event.type) {
    case "reconnecting":
      return { ...event, reason: errorOf(event.reason) };
    case "closed":
      return { ...event, error: failure(event.error) };
    case "transcript":
      return { ...event, cut: event.cut ?? null };
    default:
      if (KNOWN.has(event.type)) return event;
      return { type: "unknown", seq: event.seq, atMs: event.atMs, name: event.type, body: event };
  }
}

/** Makes the error that an event may carry. */
export function failure(fields: Failure | null | undefined): NovaError | null {
  return fields === null || fields === undefined ? null : errorOf(fields);
}
