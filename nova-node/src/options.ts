// What a call is to be: every option with the default of the library, which is written down there alone.

import {
  inside,
  type Kind,
  type Kinds,
  listOf,
  money,
  needed,
  number,
  oneOf,
  text,
  texts,
  time,
  whole,
  yesOrNo,
} from "./shape.js";
import { duration } from "./times.js";
import { type OfferedTool, offers, someTools, type Tool, type Tools } from "./tools.js";

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

const bounds = (each: Kind) => inside<Bounds<unknown>>({ soft: each, hard: each });

/** What a budget may be. */
export const aBudget = inside<Budget>({
  tokens: bounds(whole),
  cost: bounds(money),
  time: bounds(time),
  farewell: text,
});

/** What the options of a call may be; which of the values are good is for the library to say. */
export const OPTIONS: Kinds<Options> = {
  system: text,
  voice: text,
  model: text,
  regions: texts,
  temperature: number,
  topP: number,
  maxTokens: whole,
  endpointing: oneOf("high", "medium", "low"),
  inputRate: number,
  outputRate: number,
  tools: someTools,
  toolChoice: text,
  history: listOf(
    "a list of messages",
    inside<Message>({ role: needed(oneOf("user", "assistant")), text: needed(text) }),
  ),
  greeting: text,
  duplex: oneOf("full", "half"),
  audioEnd: oneOf("silence", "close"),
  audioDuringTools: oneOf("adapt", "hold", "send"),
  timeouts: inside({ connect: time, answer: time, tool: time, recover: time, close: time }),
  idle: inside({ tell: time, hangUp: time, longestCall: time }),
  renewal: inside({ from: number, atTheLatest: number }),
  budget: aBudget,
  record: text,
  recordInFull: yesOrNo,
};

/** Writes the options as the library's configuration. */
export function encode(options: Options, tools: Map<string, Tool | OfferedTool>): string {
  const config: Fields = pick(options, AS_THEY_ARE);
  const inference = pick(options, INFERENCE);
  if (Object.keys(inference).length > 0) config["inference"] = inference;
  if (tools.size > 0) config["tools"] = offers(tools);
  if (options.toolChoice != null) {
    const plain = options.toolChoice === "auto" || options.toolChoice === "any";
    config["toolChoice"] = plain ? options.toolChoice : { tool: options.toolChoice };
  }
  if (options.timeouts != null) config["timeouts"] = durations(options.timeouts);
  if (options.idle != null) config["idle"] = durations(options.idle);
  if (options.budget != null) config["budget"] = budgetOf(options.budget);
  return JSON.stringify(config);
}

/** Writes a budget down. */
export function budgetOf(budget: Budget): Fields {
  const { soft, hard } = budget.time ?? {};
  return {
    ...(budget.tokens && { tokens: budget.tokens }),
    ...(budget.cost && { cost: budget.cost }),
    time: { soft: soft == null ? null : duration(soft), hard: hard == null ? null : duration(hard) },
    farewell: budget.farewell ?? null,
  };
}

function pick(options: Options, names: readonly (keyof Options)[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (options[name] == null ? [] : [[name, options[name]]])));
}

function durations(times: Record<string, number | undefined>): Fields {
  return Object.fromEntries(Object.entries(times).flatMap(([name, ms]) => (ms == null ? [] : [[name, duration(ms)]])));
}
