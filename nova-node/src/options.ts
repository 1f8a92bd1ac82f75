// What a call is to be: every option with the default of the library, which is written down there alone.

import { Invalid, Misuse, millis } from "./errors.js";
import { duration } from "./times.js";
import { type OfferedTool, offers, type Tool, type Tools } from "./tools.js";

/** Samples a second. */
export type Rate = 8000 | 16000 | 24000;

/** One line of what was said before. */
export interface Message {
  role: "user" | "assistant";
  text: string;
}

/** A soft bound, which is told of, and a hard one, which ends the call. */
export interface Bounds<T> {
  soft?: T | null | undefined;
  hard?: T | null | undefined;
}

/** How much may be used. */
export interface Budget {
  tokens?: Bounds<number> | undefined;
  /** US dollars as text, `"0.25"`: a number would be rounded. */
  cost?: Bounds<string> | undefined;
  /** Milliseconds. */
  time?: Bounds<number> | undefined;
  /** What the assistant is told before a hard bound ends the call. */
  farewell?: string | undefined;
}

type Optional<Names extends string> = { [Name in Names]?: number | undefined } | undefined;

/** The options of a call; all of them have a default. Times are milliseconds. */
export interface Options {
  /** Who the assistant is and how it should speak. */
  system?: string | undefined;
  /** The voice that answers: `tiffany`, `matthew`, …; `voices()` lists them. */
  voice?: string | undefined;
  /** The speech model; `models()` lists them. */
  model?: string | undefined;
  /** The regions to try, the favourite first. */
  regions?: readonly string[] | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  /** How soon the service takes a pause for the end of an utterance. */
  endpointing?: "high" | "medium" | "low" | undefined;
  /** Rate of the audio that goes in. */
  inputRate?: Rate | undefined;
  /** Rate of the audio that comes out. */
  outputRate?: Rate | undefined;
  /** What the model may call. */
  tools?: Tools | undefined;
  /** Whether it must use one: `auto`, `any`, or the name of one. */
  toolChoice?: string | undefined;
  /** What was said before this call, oldest first. */
  history?: readonly Message[] | undefined;
  /** What the assistant is told to say first, by an instruction that nobody sees. */
  greeting?: string | undefined;
  /** Whether the user is listened to while the assistant speaks. */
  duplex?: "full" | "half" | undefined;
  /** What a client means that says `audioEnd`. */
  audioEnd?: "silence" | "close" | undefined;
  /** Whether audio goes on while a tool works. */
  audioDuringTools?: "adapt" | "hold" | "send" | undefined;
  /** How long each thing may take. */
  timeouts?: Optional<"connect" | "answer" | "tool" | "recover" | "close">;
  /** When silence is told of, when it ends the call, and how long a call may be. */
  idle?: Optional<"tell" | "hangUp" | "longestCall">;
  /** When a session makes room for the next, as shares of its life. */
  renewal?: Optional<"from" | "atTheLatest">;
  budget?: Budget | undefined;
  /** File for a flight log, without the words. */
  record?: string | undefined;
  /** Writes the words too. */
  recordInFull?: boolean | undefined;
}

type Fields = Record<string, unknown>;

const AS_THEY_ARE = [
  "system",
  "voice",
  "model",
  "regions",
  "endpointing",
  "inputRate",
  "outputRate",
  "history",
  "greeting",
  "duplex",
  "audioEnd",
  "audioDuringTools",
  "renewal",
] as const;
const INFERENCE = ["temperature", "topP", "maxTokens"] as const;
const OTHERS = ["tools", "toolChoice", "timeouts", "idle", "budget", "record", "recordInFull"] as const;
const NAMES: ReadonlySet<string> = new Set([...AS_THEY_ARE, ...INFERENCE, ...OTHERS]);

/** Refuses an option that does not exist. */
export function checkNames(options: object): void {
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) {
    throw new Misuse(`A call has no option ${unknown}.`, { code: "options", hint: `It has ${[...NAMES].join(", ")}.` });
  }
}

/** Writes the options as the library's configuration. */
export function encode(options: Options, tools: Map<string, Tool | OfferedTool>): string {
  const config: Fields = pick(options, AS_THEY_ARE);
  const inference = pick(options, INFERENCE);
  if (Object.keys(inference).length > 0) config["inference"] = inference;
  if (tools.size > 0) config["tools"] = offers(tools);
  if (options.toolChoice !== undefined) {
    const plain = options.toolChoice === "auto" || options.toolChoice === "any";
    config["toolChoice"] = plain ? options.toolChoice : { tool: options.toolChoice };
  }
  if (options.timeouts !== undefined) config["timeouts"] = durations("timeouts", options.timeouts);
  if (options.idle !== undefined) config["idle"] = durations("idle", options.idle);
  if (options.budget !== undefined) config["budget"] = budgetOf(options.budget);
  return JSON.stringify(config);
}

/** Writes a budget down. */
export function budgetOf(budget: Budget): Fields {
  const { soft, hard } = budget.time ?? {};
  for (const cost of [budget.cost?.soft, budget.cost?.hard]) {
    if (cost !== undefined && cost !== null && typeof cost !== "string") {
      throw new Invalid(`budget.cost is decimal text such as "0.25", not ${cost}.`, { code: "options" });
    }
  }
  return {
    ...(budget.tokens && { tokens: budget.tokens }),
    ...(budget.cost && { cost: budget.cost }),
    time: { soft: time("budget.time.soft", soft), hard: time("budget.time.hard", hard) },
    farewell: budget.farewell ?? null,
  };
}

function pick(options: Options, names: readonly (keyof Options)[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (options[name] == null ? [] : [[name, options[name]]])));
}

function durations(what: string, times: object): Fields {
  const given = Object.entries(times).filter(([, ms]) => ms != null);
  return Object.fromEntries(given.map(([name, ms]) => [name, duration(millis(`${what}.${name}`, ms))]));
}

function time(what: string, ms: number | null | undefined) {
  return ms == null ? null : duration(millis(what, ms));
}
