// Functions that the model may call.

import { AsyncResource } from "node:async_hooks";
import { described, lifted, Misuse } from "./errors.js";
import { hub } from "./hub.js";
import { native } from "./native.js";
import {
  checked,
  type JsonSchema,
  jsonSchemaOf,
  type OutputOf,
  type StandardSchema,
  WrongArguments,
} from "./schema.js";
import { act, check, isObject, type Kinds, needed, oneOf, shape, text, time, whole, yesOrNo } from "./shape.js";
import { duration } from "./times.js";

/** What a function is given beside its arguments. */
export interface ToolContext {
  /** Aborted when the call no longer wants the result: it was interrupted, took too long, or is over. */
  signal: AbortSignal;
}

/** What the call promises about a tool. Times are milliseconds. */
export interface ToolContract {
  /** For the model, in the place of the name in `tools`. */
  name?: string | undefined;
  /** What it does, for the model. */
  description?: string | undefined;
  /** The JSON Schema of `input`, where that cannot tell it. */
  inputSchema?: JsonSchema | undefined;
  /** How long it may take. */
  deadline?: number | undefined;
  /** How many of its calls may run together. */
  atOnce?: number | undefined;
  /** What becomes of it when the user speaks: it goes on, is stopped, or goes on in the background. */
  onInterrupt?: "finish" | "cancel" | "detach" | undefined;
  /** Bytes of a result; a longer one is shortened. */
  resultLimit?: number | undefined;
  /** Whether it may be run twice. */
  idempotent?: boolean | undefined;
  /** What the assistant is told to say when it takes long. */
  filler?: string | undefined;
}

/** What a tool is made of. */
export interface ToolOptions<S extends StandardSchema | JsonSchema, Args> extends ToolContract {
  /** What it takes: a schema of zod, valibot, arktype, …, or JSON Schema. Nothing without it. */
  input?: S | undefined;
  /** Does it. What it returns, or what a promise of it becomes, is told to the model as JSON; an error's message too. */
  run(args: Args, context: ToolContext): unknown;
}

/** A function that the model may call; made by `tool`. */
export interface Tool {
  readonly name: string | undefined;
  /** Runs it with arguments that are checked first. */
  call(args: unknown, context?: Partial<ToolContext>): Promise<unknown>;
  /** @internal */
  offer(name: string): object;
}

/** A tool that the application, or its client, answers by itself: each `toolCall` with `answerTool`. */
export interface OfferedTool {
  name?: string | undefined;
  description: string;
  inputSchema: JsonSchema;
}

/** The tools of a call, by name; or a list of tools that have one. */
export type Tools = Readonly<Record<string, Tool | OfferedTool>> | ReadonlyArray<Tool | OfferedTool>;

/** Makes a tool whose arguments have the type that a schema of zod, valibot, arktype, … says. */
export function tool<S extends StandardSchema>(options: ToolOptions<S, OutputOf<S>> & { input: S }): Tool;
/** Makes a tool by JSON Schema; `tool<{ city: string }>({ … })` says the type of its arguments. */
// biome-ignore lint/suspicious/noExplicitAny: JSON Schema has no type; whoever wants one says it
export function tool<Args = Record<string, any>>(options: ToolOptions<JsonSchema, Args>): Tool;
// biome-ignore lint/suspicious/noExplicitAny: as above
export function tool(options: ToolOptions<any, any>): Tool {
  check("A tool", CONTRACT, options);
  const input: StandardSchema | JsonSchema = options.input ?? { type: "object", properties: {} };
  return {
    name: options.name,
    call: async (args, context = {}) =>
      options.run(await checked(input, args), { signal: new AbortController().signal, ...context }),
    offer: (name) => ({
      name,
      description: options.description ?? "",
      schema: plain(jsonSchemaOf(name, input, options.inputSchema)),
      contract: contractOf(options),
      runBy: "handler",
    }),
  };
}

// Schemas of arktype are functions.
const aSchema = shape("a schema", (value) => isObject(value) || typeof value === "function");

const CONTRACT: Kinds<ToolOptions<JsonSchema, unknown>> = {
  name: text,
  description: text,
  input: aSchema,
  inputSchema: shape("a JSON Schema", isObject),
  deadline: time,
  atOnce: whole,
  onInterrupt: oneOf("finish", "cancel", "detach"),
  resultLimit: whole,
  idempotent: yesOrNo,
  filler: text,
  run: needed(act),
};

function contractOf(options: ToolContract): object {
  const { deadline, atOnce, onInterrupt, resultLimit, idempotent, filler } = options;
  return {
    onInterrupt: onInterrupt ?? "finish",
    effect: idempotent === true ? "idempotent" : "once",
    ...(deadline != null && { deadline: duration(deadline) }),
    ...(atOnce != null && { atOnce }),
    ...(resultLimit != null && { resultLimit }),
    ...(filler != null && { filler: { text: filler } }),
  };
}

const HOW = "Write tools: { getWeather: tool({ description, input, run }) }.";

/** An object of tools, or a list of them. */
export const someTools = shape("an object of tools by their names", (value) => typeof value === "object", HOW);

const isTool = (each: Tool | OfferedTool): each is Tool => "offer" in each && typeof each.offer === "function";

/** Tools by their names, checked. */
export function named(...given: Array<Tools | undefined>): Map<string, Tool | OfferedTool> {
  const all = new Map<string, Tool | OfferedTool>();
  for (const tools of given) {
    for (const [key, each] of Object.entries(tools ?? {})) {
      const where = Array.isArray(tools) ? `tools[${key}]` : key;
      if (!isObject(each) || !(isTool(each) || isObject(each.inputSchema))) {
        const hint = "Make it with tool({ description, input, run }).";
        throw new Misuse(`${where} is no tool, but ${described(each)}.`, { code: "tools", hint });
      }
      const name = each.name ?? (Array.isArray(tools) ? undefined : key);
      if (name === undefined) throw new Misuse(`${where} is no tool with a name.`, { code: "tools", hint: HOW });
      if (all.has(name)) {
        throw new Misuse(`There are two tools of the name ${name}.`, { code: "tools", hint: "Give one another name." });
      }
      all.set(name, each);
    }
  }
  return all;
}

/** Writes tools down, as the library's configuration has them. */
export function offers(tools: Map<string, Tool | OfferedTool>): object[] {
  return [...tools].map(([name, each]) =>
    isTool(each) ? each.offer(name) : { name, description: each.description, schema: plain(each.inputSchema) },
  );
}

/** What the model is told of a schema: the service takes fewer keywords than JSON Schema has. */
function plain(schema: JsonSchema): JsonSchema {
  return JSON.parse(lifted(() => native.plainSchema(JSON.stringify(schema))));
}

/** Runs the tools of a call on its loop, in the asynchronous context that the call was opened in. */
export class Toolbox {
  readonly inbox = new native.Inbox(hub.bell);
  /** Those that JavaScript runs. */
  readonly offers: string;
  readonly #tools: Map<string, Tool>;
  readonly #running = new Map<number, AbortController>();
  readonly #context = new AsyncResource("BedrockNovaTool");

  constructor(tools: Map<string, Tool | OfferedTool>) {
    this.#tools = new Map([...tools].filter((each): each is [string, Tool] => isTool(each[1])));
    this.offers = JSON.stringify(offers(this.#tools));
    hub.stand(this.inbox.token, () => this.#ring());
  }

  /** Runs no more. */
  close(): void {
    hub.forget(this.inbox.token);
    for (const controller of this.#running.values()) controller.abort(stopped());
  }

  #ring(): void {
    for (const { id, name, arguments: args } of this.inbox.take()) {
      if (name === undefined || args === undefined) this.#running.get(id)?.abort(stopped());
      else this.#context.runInAsyncScope(() => void this.#run(id, name, args));
    }
  }

  async #run(id: number, name: string, args: string): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const result = await this.#tools.get(name)?.call(JSON.parse(args), { signal: controller.signal });
      this.inbox.answer(id, JSON.stringify(result) ?? "null");
    } catch (error) {
      this.inbox.answer(id, "null", sentence(error));
    } finally {
      this.#running.delete(id);
    }
  }
}

function stopped(): DOMException {
  return new DOMException("The call no longer wants the tool's result.", "AbortError");
}

function sentence(error: unknown): string {
  if (error instanceof WrongArguments) return `wrong arguments: ${error.message}`;
  if (error instanceof Error) return error.message || error.name;
  return typeof error === "string" && error !== "" ? error : "the tool failed";
}
