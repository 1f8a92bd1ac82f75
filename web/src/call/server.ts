import { readError, VoiceError } from "../protocol/errors.js";

/** How a page's user shows who they are. */
export type Token = string | (() => string | Promise<string>) | null;

/** The routes of a server of the voice API, found from the address of its WebSocket. */
export class Server {
  readonly #socket: URL;
  readonly #token: Token;

  /** `src` is the WebSocket's address, with a session's id behind its last `/`, or without. */
  constructor(src: string, base: string, token: Token) {
    this.#socket = new URL(src, base);
    this.#token = token;
  }

  /** The session that the address names; nothing if one is to be opened. */
  get session(): string | undefined {
    return decodeURIComponent(this.#socket.pathname.split("/").at(-1)!) || undefined;
  }

  /** Opens a session; `options` is the body, as `docs/API.md` has it. */
  async open(options: object): Promise<string> {
    const opened = await this.#ask("POST", "../session/start", options);
    return String(opened["session_id"]);
  }

  /** Ends a session in order; also while the page is being left. */
  async end(session: string): Promise<void> {
    await this.#ask("DELETE", `../session/${encodeURIComponent(session)}`);
  }

  /** The address for one connection, with a fresh ticket where there is a token. */
  async address(session: string, after: number | undefined): Promise<URL> {
    const address = new URL(encodeURIComponent(session), this.#socket);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = this.#socket.search;
    if (after !== undefined) address.searchParams.set("after", String(after));
    if (this.#token !== null) {
      const issued = await this.#ask("POST", "../ticket", { session_id: session });
      address.searchParams.set("ticket", String(issued["ticket"]));
    }
    return address;
  }

  async #ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const address = new URL(path, this.#socket);
    address.protocol = address.protocol.replace("ws", "http");
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token !== null) headers["Authorization"] = `Bearer ${token}`;
    const signal = AbortSignal.timeout(DEADLINE);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    let answer: Response;
    let told: unknown;
    try {
      answer = await fetch(address, { method, headers, signal, keepalive: method === "DELETE", ...sent });
      told = await answer.json().catch(() => null);
    } catch {
      throw unreachable();
    }
    if (answer.ok && typeof told === "object" && told !== null) return told as Record<string, unknown>;
    throw readError((told as { error?: unknown } | null)?.error) ?? strange(answer.status);
  }
}

/** Longer than the server's own deadline for opening a call, so that its sentence is heard. */
const DEADLINE = 30_000;

function unreachable(): VoiceError {
  return new VoiceError({
    kind: "transport",
    code: "unreachable",
    message: "The server cannot be reached.",
    hint: "Check the connection, then start again.",
    retryable: true,
  });
}

function strange(status: number): VoiceError {
  return new VoiceError({
    kind: "protocol",
    code: "no-voice-api",
    message: `The server answered with status ${status}, in a form that is not the voice API's.`,
    hint: "`src` must name the WebSocket of the voice API, for instance /ws/.",
  });
}
