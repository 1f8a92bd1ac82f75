// A WebSocket: two directions, and how each comes to its end.

import type { WebSocket } from "ws";
import { lifted, Misuse } from "../errors.js";
import { hub } from "../hub.js";
import type { NativeTalk, NativeTold } from "../native.js";

/** Proxies close a silent connection after half a minute at the earliest, and whoever is gone does not answer a ping. */
const PING_MS = 20_000;
/** Whoever has answered none of so many pings is gone. */
const UNANSWERED = 3;
/** Whoever does not read for so long is gone. */
const SEND_MS = 30_000;
/** How long a client may take to say goodbye. */
const GOODBYE_MS = 2_000;
/** Messages that wait to be done; then no more is read. */
const WAITING = 8;
/** Bytes of a reason, by RFC 6455. */
const REASON = 123;
const NORMAL = 1000;

/** Serves a connection to its end. It is accepted before anything is checked: a browser is told nothing of a refused handshake. */
export async function serve(socket: WebSocket, begin: () => Promise<NativeTalk | NativeTold>): Promise<void> {
  const line = new Line(socket);
  const begun = await begin();
  if (Array.isArray(begun)) {
    const [message, code, reason] = begun;
    await line.send(message);
    return line.close(code, reason);
  }
  line.onEnd = () => begun.close();
  try {
    await Promise.race([tell(line, begun), hear(line, begun)]);
    // A talk is held until its client knows that it is over: a process that ends waits for that.
    await line.close(NORMAL);
  } finally {
    begun.close();
  }
}

/** Sends what happens, as fast as the client reads; ends behind the last event. */
async function tell(line: Line, talk: NativeTalk): Promise<void> {
  for (;;) {
    const message = lifted(() => talk.next());
    if (message === false) return;
    if (message === null) await hub.wait(talk.token);
    else if (!(await line.send(message))) return;
  }
}

/** Does what the client says, until it is gone. */
async function hear(line: Line, talk: NativeTalk): Promise<void> {
  for (let said = await line.next(); said !== undefined; said = await line.next()) {
    const { data, binary } = said;
    try {
      const complaint = await hub.run<string | null>(() =>
        binary ? talk.sayFrame(hub.bell, data) : talk.say(hub.bell, data),
      );
      if (complaint !== null) await line.send(complaint);
    } catch (error) {
      // The last event was told meanwhile.
      if (!(error instanceof Misuse)) throw error;
    }
  }
}

interface Said {
  data: Buffer;
  binary: boolean;
}

/** A connection, with its deadlines and bounds. What a client says is kept from the first moment on. */
class Line {
  /** Called once, when the connection is no more. */
  onEnd: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #waiting: Said[] = [];
  readonly #pings: NodeJS.Timeout;
  #unanswered = 0;
  #wake: () => void = () => {};
  #over = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#pings = setInterval(() => this.#ping(), PING_MS);
    const alive = () => {
      this.#unanswered = 0;
    };
    socket.on("ping", alive).on("pong", alive);
    socket.on("message", (data, binary) => {
      alive();
      // Once it says goodbye nobody does what it says.
      if (socket.readyState === socket.OPEN) this.#take({ data: data as Buffer, binary });
    });
    // `ws` ends the connection by itself then.
    socket.on("error", () => {});
    socket.once("close", () => this.#end());
    if (socket.readyState === socket.CLOSED) this.#end();
  }

  /** Returns what the client says next; nothing when it is gone. */
  async next(): Promise<Said | undefined> {
    for (;;) {
      const said = this.#waiting.shift();
      if (said !== undefined) {
        if (this.#waiting.length < WAITING && this.#socket.isPaused) this.#socket.resume();
        return said;
      }
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a message and waits until it has left; says whether it did. */
  send(message: string | Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#over) return resolve(false);
      const late = setTimeout(() => this.#socket.terminate(), SEND_MS);
      this.#socket.send(message, { binary: typeof message !== "string" }, (error) => {
        clearTimeout(late);
        resolve(error === undefined || error === null);
      });
    });
  }

  /** Says goodbye, and waits for the other side's. */
  async close(code: number, reason = ""): Promise<void> {
    if (this.#over) return;
    const late = setTimeout(() => this.#socket.terminate(), GOODBYE_MS);
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    this.#waiting.length = 0;
    // Its answer has to be read.
    this.#socket.resume();
    this.#socket.close(code, reason.slice(0, REASON));
    await closed;
    clearTimeout(late);
  }

  #take(said: Said): void {
    this.#waiting.push(said);
    if (this.#waiting.length >= WAITING) this.#socket.pause();
    this.#wake();
  }

  #ping(): void {
    // Who is not read from cannot be heard.
    if (this.#socket.isPaused) return;
    if (this.#unanswered === UNANSWERED) {
      this.#socket.terminate();
    } else {
      this.#unanswered += 1;
      this.#socket.ping(() => {});
    }
  }

  #end(): void {
    this.#over = true;
    clearInterval(this.#pings);
    this.onEnd();
    this.#wake();
  }
}
