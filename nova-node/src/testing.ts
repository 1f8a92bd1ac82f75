// A local Bedrock for tests: no account, no network beyond this machine, scripted answers that are spoken.
//
// It is the command `bedrock-nova emulate`, as a child of this process: real HTTP/2, TLS, signatures and limits. The child
// lives no longer than this process: its standard input is a pipe of which only this process holds the other end.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { NovaError } from "./errors.js";
import { Bedrock, type Credentials } from "./service.js";
import { check, type Kinds, number, text, textsByName, yesOrNo } from "./shape.js";

/** What an emulator can be told; everything may be left out. */
export interface EmulatorOptions {
  /** Name of a shipped scenario (`small_talk`, `tools`, `long_answer`, `silence`, `german`) or a file. */
  scenario?: string | undefined;
  /** How many times faster than real time answers are sent; 4 without it. */
  pace?: number | undefined;
  /** Scale of every limit in wall time: 60 makes eight minutes eight seconds. */
  clock?: number | undefined;
  /** Whether it refuses what clients in the field do wrong; otherwise it writes that down. */
  strict?: boolean | undefined;
  /** Positions of doubtful behaviours; `bedrock-nova emulate --switch list` lists them. */
  switches?: Record<string, string> | undefined;
  /** Address with TLS; a free port of the loopback interface without it. */
  tls?: string | undefined;
  /** Address without TLS; likewise. */
  h2c?: string | undefined;
  /** Access key that is let in, together with `secretKey`; made up without it. */
  accessKey?: string | undefined;
  /** Secret to `accessKey`. */
  secretKey?: string | undefined;
}

/** The emulator did not start. The message ends with the last lines that it printed. */
export class EmulatorError extends NovaError {}

interface Told {
  tls: string;
  h2c: string;
  ca: string;
  environment: Record<string, string>;
}

/**
 * Starts a local Bedrock and waits, at most 30 s, until clients are let in.
 *
 * ```js
 * await using emulator = await startEmulator({ scenario: "tools", pace: 20 });
 * await using talk = await Conversation.connect({ service: emulator.service() });
 * ```
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return Emulator.start(wordsOf(options));
}

/** A local Bedrock that runs. */
export class Emulator {
  readonly #run: Run;
  readonly #told: Told;

  private constructor(run: Run, told: Told) {
    this.#run = run;
    this.#told = told;
  }

  /** @internal */
  static async start(words: string[]): Promise<Emulator> {
    const run = new Run(command(), words);
    try {
      return new Emulator(run, await run.ready());
    } catch (error) {
      await run.end();
      throw error;
    }
  }

  /** Returns a service whose calls go to this emulator, over TLS and with its own credentials. */
  service(): Bedrock {
    return new Bedrock({
      region: this.region,
      endpointUrl: this.url,
      caBundle: this.caBundle,
      credentials: this.credentials,
    });
  }

  /** Address with TLS, to be trusted by means of `caBundle`. */
  get url(): string {
    return this.#told.tls;
  }

  /** Address without TLS. */
  get h2cUrl(): string {
    return this.#told.h2c;
  }

  /** File with the test CA; it is gone when the emulator has ended. */
  get caBundle(): string {
    return this.#told.ca;
  }

  /** The region that clients sign for. */
  get region(): string {
    return this.env["AWS_REGION"] ?? "";
  }

  /** The key that is let in. */
  get credentials(): Credentials {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = this.env;
    return { accessKeyId: AWS_ACCESS_KEY_ID ?? "", secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "" };
  }

  /** Variables that lead this package and AWS's own SDKs to the emulator, for a process that is started with them. */
  get env(): Record<string, string> {
    return { ...this.#told.environment };
  }

  /** Number of the process, for tests that kill it. */
  get pid(): number {
    return this.#run.child.pid ?? 0;
  }

  /** The last lines that it printed: streams that began and ended, and rules that a client broke. */
  get output(): string {
    return this.#run.tail();
  }

  /** Ends it; a second time changes nothing. It is asked to end first, then made to. */
  async stop(): Promise<void> {
    await this.#run.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** One child process, from its start to its end. */
class Run {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #first: Promise<string | undefined>;
  readonly #exited: Promise<unknown>;

  constructor(program: string, words: string[]) {
    // A group of its own: Ctrl-C at the terminal is for the tests, which end the emulator when they are through with it.
    this.child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"], detached: process.platform !== "win32" });
    this.#exited = new Promise((resolve) => {
      this.child.once("close", resolve);
      this.child.once("error", (error) => {
        this.#keep(error.message);
        resolve(undefined);
      });
    });
    this.#first = new Promise((resolve) => {
      this.#read((line) => (line.startsWith("{") ? resolve(line) : this.#keep(line)));
      void this.#exited.then(() => resolve(undefined));
    });
    this.child.stdin?.on("error", () => {});
  }

  async ready(): Promise<Told> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new EmulatorError("timeout", `The emulator was not ready within ${START_MS / 1e3} s.${this.#printed()}`, {
              code: "emulator-start",
            }),
          ),
        START_MS,
      );
    });
    try {
      const line = await Promise.race([this.#first, late]);
      if (line === undefined) {
        // What it was told, as a rule: a scenario that is none, an address in use.
        throw new EmulatorError("invalid", `The emulator ended with code ${this.child.exitCode}.${this.#printed()}`, {
          code: "emulator-ended",
          hint: "Its last lines say why; `bedrock-nova emulate --help` lists what it can be told.",
        });
      }
      this.#letGo();
      return told(line);
    } finally {
      clearTimeout(timer);
    }
  }

  tail(): string {
    return this.#lines.join("\n");
  }

  async end(): Promise<void> {
    this.child.ref();
    this.child.stdin?.end();
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** One that is forgotten does not keep this process alive. */
  #letGo(): void {
    this.child.unref();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) {
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
    }
  }

  #read(each: (line: string) => void): void {
    for (const input of [this.child.stdout, this.child.stderr]) {
      if (input !== null) createInterface({ input }).on("line", each);
    }
  }

  #keep(line: string): void {
    this.#lines.push(line.slice(0, SHOWN));
    if (this.#lines.length > LINES) this.#lines.shift();
  }

  #printed(): string {
    const tail = this.tail();
    return tail === "" ? " It printed nothing." : ` It printed:\n${tail}`;
  }
}

function told(line: string): Told {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new EmulatorError("wire", `The command does not say where the emulator is, but ${line.slice(0, SHOWN)}.`, {
      code: "emulator-command",
      hint: "BEDROCK_NOVA_COMMAND, or the first `bedrock-nova` in PATH, is another program, or of another version.",
      cause,
    });
  }
}

/** Returns where the command is: `BEDROCK_NOVA_COMMAND`, the package bedrock-nova-cli, the path, in this order. */
function command(): string {
  const named = process.env["BEDROCK_NOVA_COMMAND"];
  if (named) {
    if (runs(named)) return named;
    throw new EmulatorError("invalid", `BEDROCK_NOVA_COMMAND names ${named}, which is no program that can be run.`, {
      code: "emulator-command",
      hint: GET_IT,
    });
  }
  const installed = packaged() ?? onPath();
  if (installed !== undefined) return installed;
  throw new EmulatorError("invalid", "The command `bedrock-nova` is not installed, and the emulator is a part of it.", {
    code: "emulator-command",
    hint: GET_IT,
  });
}

function packaged(): string | undefined {
  // First as the application sees it, which is where it is installed; then as this package does.
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return createRequire(from)("bedrock-nova-cli").path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

function onPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, "bedrock-nova")).find(runs);
}

function runs(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return statSync(program).isFile();
  } catch {
    return false;
  }
}

const FLAGS = {
  scenario: "--scenario",
  pace: "--pace",
  clock: "--clock",
  accessKey: "--access-key",
  secretKey: "--secret-key",
} as const;

const OPTIONS: Kinds<EmulatorOptions> = {
  scenario: text,
  pace: number,
  clock: number,
  strict: yesOrNo,
  switches: textsByName,
  tls: text,
  h2c: text,
  accessKey: text,
  secretKey: text,
};

function wordsOf(options: EmulatorOptions): string[] {
  check("An emulator", OPTIONS, options);
  const words = ["emulate", "--announce", "json", "--until-stdin-closes"];
  words.push("--tls", options.tls ?? FREE, "--h2c", options.h2c ?? FREE);
  for (const [name, flag] of Object.entries(FLAGS)) {
    const value = options[name as keyof typeof FLAGS];
    if (value !== undefined) words.push(flag, String(value));
  }
  if (options.strict === true) words.push("--strict");
  for (const [name, position] of Object.entries(options.switches ?? {})) words.push("--switch", `${name}=${position}`);
  return words;
}

const GET_IT = "Get the command with `npm install --save-dev bedrock-nova-cli`, or name it in BEDROCK_NOVA_COMMAND.";
const FREE = "127.0.0.1:0";
const START_MS = 30_000;
const END_MS = 5_000;
const LINES = 200;
const SHOWN = 2_000;
