import { type Phase, Reconnection } from "../model/reconnection.js";
import { readError, VoiceError } from "../protocol/errors.js";
import type { CallEvent, Command } from "../protocol/events.js";
import { BINARY, readSound, type Sound } from "../protocol/frames.js";

/** Who hears what a connection brings. */
export interface Listener {
  /** An event that was not heard before; sound comes by itself. */
  event(event: CallEvent): void;
  sound(sound: Sound): void;
  /** Something that could not be done; the call goes on. */
  refused(error: VoiceError): void;
  /** The road is there, broken, or over: with an error if it did not end in order. */
  phase(phase: Phase, error?: VoiceError): void;
}

/** What is held back until the road is there. */
interface Held {
  readonly kind: "voice" | "command";
  readonly message: ArrayBuffer | string;
}

/**
 * One call's WebSocket, which comes back by itself; no event is lost or told twice. Without a road the last half
 * second of the user's voice is held back, and up to 32 commands.
 */
export class Connection {
  readonly #address: (after: number | undefined) => Promise<URL>;
  readonly #listener: Listener;
  readonly #road = new Reconnection();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #held: Held[] = [];
  /** The last refusal, which a close code that follows belongs to. */
  #told: VoiceError | undefined;
  /** Frames of the user's voice that were given up, since nothing could take them. */
  dropped = 0;

  /** `address` is asked before each connection. */
  constructor(address: (after: number | undefined) => Promise<URL>, listener: Listener) {
    this.#address = address;
    this.#listener = listener;
  }

  /** How often the road came back. */
  get returns(): number {
    return this.#road.returns;
  }

  /** The number of the last event that was heard. */
  get lastEvent(): number | undefined {
    return this.#road.lastEvent;
  }

  /** Begins to connect. */
  open(): void {
    addEventListener("online", this.#online);
    this.#do(this.#road.start(performance.now()));
  }

  /** Leaves; nothing is heard any more. */
  close(): void {
    this.#road.stop();
    this.#release()?.close(1000);
    this.#over();
  }

  /** Says something; without a road, as soon as it is back. */
  say(command: Command): void {
    this.#send({ kind: "command", message: JSON.stringify(command) });
  }

  /** Says something that is worth nothing later. */
  mention(command: Command): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  /** Sends a piece of the user's voice. */
  speak(frame: ArrayBuffer): void {
    this.#send({ kind: "voice", message: frame });
  }

  #send(held: Held): void {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(held.message);
      // What takes nothing for seconds is broken, whatever the network says of it.
      if (socket.bufferedAmount > CLOGGED) this.#lost(1006, "");
    } else {
      this.#hold(held);
    }
  }

  #hold(held: Held): void {
    const alike = this.#held.filter((one) => one.kind === held.kind).length;
    if (held.kind === "voice") {
      if (alike >= VOICE_HELD) {
        this.#held.splice(
          this.#held.findIndex((one) => one.kind === "voice"),
          1,
        );
        this.dropped += 1;
      }
      this.#held.push(held);
    } else if (alike < COMMANDS_HELD) {
      this.#held.push(held);
    } else {
      this.#listener.refused(offline());
    }
  }

  readonly #online = () => this.#do(this.#road.online(performance.now()));

  #do(act: ReturnType<Reconnection["start"]>): void {
    if (act.do === "connect") void this.#connect(act.after);
    if (act.do === "abandon") this.#lost(1006, "");
    this.#wake();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const due = this.#road.due;
    if (due === undefined) return;
    this.#timer = setTimeout(() => this.#do(this.#road.tick(performance.now())), due - performance.now() + 1);
  }

  async #connect(after: number | undefined): Promise<void> {
    const phase = this.#road.phase;
    let address: URL;
    try {
      address = await this.#address(after);
    } catch (error) {
      if (this.#road.phase !== phase) return;
      if (!(error instanceof VoiceError) || error.retryable) return this.#lost(1006, "");
      this.#road.stop();
      return this.#over(error);
    }
    // Meanwhile it may have been stopped, or taken too long.
    if (this.#road.phase === phase) this.#listen(new WebSocket(address, [BINARY]));
  }

  #listen(socket: WebSocket): void {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#socket = socket;
  }

  #opened(socket: WebSocket): void {
    this.#do(this.#road.opened(performance.now()));
    for (const held of this.#held.splice(0)) socket.send(held.message);
    this.#listener.phase(this.#road.phase);
  }

  #hear(data: ArrayBuffer | string): void {
    if (typeof data !== "string") {
      const sound = readSound(data);
      if (sound && this.#road.heard(sound.seq)) this.#listener.sound(sound);
      return;
    }
    const event = JSON.parse(data) as CallEvent;
    if (event.type === "error") {
      this.#told = readError(event.error);
      if (this.#told) this.#listener.refused(this.#told);
    } else if (this.#road.heard(event.seq)) {
      if (event.type === "audio") this.#listener.sound(fromJson(event));
      else this.#listener.event(event);
    }
  }

  #lost(code: number, reason: string): void {
    this.#release()?.close();
    const act = this.#road.closed(performance.now(), code, reason);
    const phase = this.#road.phase;
    if (phase.name === "over") return this.#over(this.#ending(phase));
    this.#listener.phase(phase);
    this.#do(act);
  }

  #ending(phase: Extract<Phase, { name: "over" }>): VoiceError | undefined {
    if (phase.end.why === "lost") return lost();
    return phase.end.why === "refused" ? (this.#told ?? refused(phase.end.status, phase.end.code)) : undefined;
  }

  #over(error?: VoiceError): void {
    clearTimeout(this.#timer);
    removeEventListener("online", this.#online);
    this.#listener.phase(this.#road.phase, error);
  }

  /** Hears nothing of the present socket any more. */
  #release(): WebSocket | undefined {
    const socket = this.#socket;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.#socket = undefined;
    return socket;
  }
}

/** Half a second, in frames of 32 ms: the server takes live audio at most 0.8 s ahead, and what is said goes on meanwhile. */
const VOICE_HELD = 15;
const COMMANDS_HELD = 32;
/** Three seconds of the user's voice, in bytes. */
const CLOGGED = 96_000;

/** Sound of a road that speaks JSON alone, as some proxies make it. */
function fromJson(event: Extract<CallEvent, { type: "audio" }>): Sound {
  const bytes = Uint8Array.from(atob(event.pcm), (letter) => letter.charCodeAt(0));
  const offset = Math.round((event.offsetMs * event.rate) / 1000);
  return { seq: event.seq, turn: event.turn, rate: event.rate, offset, pcm: new Int16Array(bytes.buffer) };
}

function lost(): VoiceError {
  return new VoiceError({
    kind: "transport",
    code: "connection-lost",
    message: "The connection to the server was lost, and did not come back within a minute.",
    hint: "Check the network, then start again.",
    retryable: true,
  });
}

function offline(): VoiceError {
  return new VoiceError({
    kind: "limit",
    code: "offline",
    message: "There is no connection, and too much waits for it already.",
    hint: "Wait until the connection is back.",
    retryable: true,
  });
}

function refused(status: number, code: string): VoiceError {
  return new VoiceError({
    kind: "invalid",
    code: code || "refused",
    message: `The server refuses the connection, with status ${status}.`,
  });
}
