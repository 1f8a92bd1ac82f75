import { VOICE_RATE, type VoiceFrame } from "../audio/framer.js";
import { meter } from "../audio/pcm.js";
import { Presence } from "../model/presence.js";
import type { Phase } from "../model/reconnection.js";
import { Transcript } from "../model/transcript.js";
import { readError, VoiceError } from "../protocol/errors.js";
import type { CallEvent, Command } from "../protocol/events.js";
import { type Sound, voiceFrame } from "../protocol/frames.js";
import type { Report } from "../worklets/messages.js";
import { Acknowledgements } from "./acknowledgements.js";
import { loadRecording, openAudio, type Worklets } from "./audio.js";
import { Connection } from "./connection.js";
import { Latencies } from "./latencies.js";
import { Loudspeaker } from "./loudspeaker.js";
import { Microphone } from "./microphone.js";
import type { Server } from "./server.js";
import type { CutAccount, Stats, Tell } from "./voice-events.js";

/** What a call is made of. */
export interface CallSettings {
  readonly server: Server;
  /** The body of `POST /session/start`, if a session is to be opened. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly worklets: Worklets;
  readonly volume: number;
  readonly tell: Tell;
}

/** When the microphone is heard. */
export type Ear = "open" | "muted";

/** One call, from its opening to its end: joins connection, microphone, loudspeaker and what is known of the call. */
export class Call {
  readonly transcript = new Transcript();
  readonly #settings: CallSettings;
  readonly #tell: Tell;
  readonly #presence = new Presence();
  readonly #latencies = new Latencies();
  readonly #acknowledgements = new Acknowledgements(({ turn, ms }) =>
    this.#connection.mention({ type: "played", turn, positionMs: ms }),
  );
  readonly #opened = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  #audio: AudioContext | undefined;
  #loudspeaker: Loudspeaker | undefined;
  #microphone: Microphone | undefined;
  /** It is there from the beginning, so that what is said while the call is opened waits in it. */
  readonly #connection: Connection;
  #session: { id: string; origin: "opened" | "joined" } | undefined;
  #wanted: "microphone" | "none" = "microphone";
  #ear: Ear = "muted";
  #refusal: { code: string; at: number } | undefined;
  #report: Report | undefined;
  #lastCut: CutAccount | null = null;
  #framesSent = 0;
  #framesRefused = 0;
  #piecesReceived = 0;

  constructor(settings: CallSettings) {
    this.#settings = settings;
    this.#tell = settings.tell;
    this.#connection = new Connection((after) => settings.server.address(this.#session!.id, after), {
      event: (event) => this.#hear(event),
      sound: (sound) => this.#play(sound),
      refused: (error) => this.#refused(error),
      phase: (phase, error) => this.#phase(phase, error),
    });
    // Whoever starts a call waits for it or not.
    this.#opened.promise.catch(ignored);
  }

  /** What goes on. */
  get state() {
    return this.#presence.state;
  }

  get #ended(): boolean {
    return this.state === "ended";
  }

  /** The session's id, once it is known. */
  get session(): string | undefined {
    return this.#session?.id;
  }

  /** Whether this call has a microphone; while it is opened, the user may still be asked for one. */
  get microphone(): "there" | "none" | "awaited" {
    if (this.#microphone?.there) return "there";
    return this.#wanted === "none" || this.#session !== undefined ? "none" : "awaited";
  }

  /** The number of the last event that was heard. */
  get lastEvent(): number | undefined {
    return this.#connection.lastEvent;
  }

  /** Counts, for whoever looks after it. */
  get stats(): Stats {
    return {
      framesSent: this.#framesSent,
      framesDropped: this.#connection.dropped,
      framesRefused: this.#framesRefused,
      piecesReceived: this.#piecesReceived,
      piecesRefused: this.#report?.refused ?? 0,
      waitingMs: this.#report?.waitingMs ?? 0,
      targetMs: this.#report?.targetMs ?? 0,
      starved: this.#report?.starved ?? 0,
      returns: this.#connection.returns,
      played: this.#report?.position ?? null,
      lastCut: this.#lastCut,
    };
  }

  /** Opens or joins the call; done when the connection is there. Without a microphone it can be typed in and heard. */
  async start(microphone: "microphone" | "none"): Promise<void> {
    this.#wanted = microphone;
    this.#change(() => this.#presence.begin());
    try {
      await this.#prepare();
      if (this.#ended) return;
      const [id] = await Promise.all([this.#enter(), microphone === "microphone" ? this.#askMicrophone() : undefined]);
      // Stopped meanwhile: nobody will ask for the session again.
      if (this.#ended) return void (id.origin === "opened" && this.#settings.server.end(id.id).catch(ignored));
      this.#session = id;
      this.#tell("session", id);
      this.#connection.open();
      this.#listen();
    } catch (error) {
      const told = error instanceof VoiceError ? error : broken(error);
      this.#finish();
      this.#tell("error", told);
      throw told;
    }
    await this.#opened.promise;
  }

  /** Ends a call that was opened here, leaves one that was joined. Silent at once; done when the server has ended it. */
  async stop(): Promise<void> {
    const running = !this.#ended;
    this.#finish();
    if (!running || this.#session === undefined) return;
    if (this.#session.origin === "opened") {
      // What it has cost in the end comes over the connection that is still there.
      const ended = this.#settings.server.end(this.#session.id).then(() => this.#over.promise);
      await Promise.race([ended.catch(ignored), new Promise((late) => setTimeout(late, ENDING))]);
    }
    this.#connection.close();
  }

  /** Says when the microphone is heard. */
  listen(ear: Ear): void {
    this.#ear = ear;
    this.#listen();
  }

  /** Sets how loud the assistant is. */
  set volume(volume: number) {
    if (this.#loudspeaker) this.#loudspeaker.volume = volume;
  }

  /** Says something typed; while the call is opened, as soon as it is there. */
  say(text: string): void {
    this.#send({ type: "text", text });
    this.#change(() => this.#presence.typed());
  }

  /** Says anything else. */
  command(command: Command): void {
    this.#send(command);
  }

  /** Stops the answer: here at once, and there. */
  interrupt(): void {
    const position = this.#report?.position;
    if (position && this.#report?.busy) {
      this.#acknowledgements.reached(position, "quiet", performance.now());
      this.#loudspeaker?.cut(position.turn);
    }
    this.#send({ type: "interrupt" });
  }

  /** Plays a recording in place of the microphone. */
  async play(source: string | URL | Blob): Promise<void> {
    if (!this.#audio || !this.#microphone) throw notNow();
    try {
      const recording = await loadRecording(this.#audio, source);
      const played = this.#microphone.play(recording);
      this.#listen();
      await played;
    } catch (error) {
      if (error instanceof VoiceError) this.#tell("error", error);
      throw error;
    } finally {
      this.#listen();
    }
  }

  async #prepare(): Promise<void> {
    const audio = await openAudio(this.#settings.worklets);
    if (this.#ended) return void audio.close();
    this.#audio = audio;
    this.#loudspeaker = new Loudspeaker(audio, {
      report: (report) => this.#reported(report),
      audible: (turn, inMs) => this.#audible(turn, inMs),
      silent: (turn, afterMs, samples) => {
        this.#lastCut = { turn, afterMs, samples };
      },
    });
    this.#loudspeaker.volume = this.#settings.volume;
    this.#microphone = new Microphone(audio, this.#rate, {
      frame: (frame) => this.#speak(frame),
      closed: () => this.#send({ type: "audioEnd" }),
      lost: (error) => this.#deafened(error),
    });
  }

  /** The rate of the user's voice in this call. */
  get #rate(): number {
    return Number(this.#settings.options["input_sample_rate"] ?? VOICE_RATE);
  }

  async #enter(): Promise<{ id: string; origin: "opened" | "joined" }> {
    const { server, options } = this.#settings;
    if (server.session !== undefined) return { id: server.session, origin: "joined" };
    // The server may have another rate in mind; a snapshot brings its own.
    const body = "snapshot" in options ? options : { input_sample_rate: this.#rate, ...options };
    return { id: await server.open(body), origin: "opened" };
  }

  async #askMicrophone(): Promise<void> {
    try {
      await this.#microphone?.ask();
      if (this.#ended) this.#microphone?.release();
    } catch (error) {
      // A call that has failed meanwhile has said why; without it a microphone is of no use, and nothing can be typed.
      if (!this.#ended) this.#tell("error", error as VoiceError);
    }
  }

  #deafened(error: VoiceError): void {
    this.#listen();
    this.#tell("error", error);
  }

  #listen(): void {
    const microphone = this.#microphone;
    if (!microphone || this.#ended) return;
    const open = microphone.playing || (microphone.there && this.#ear === "open");
    microphone.set(open && this.#session ? "open" : "closed");
    if (!open) this.#level(0);
  }

  #speak(frame: VoiceFrame): void {
    if (this.#ended) return;
    this.#framesSent += 1;
    this.#connection.speak(voiceFrame(frame.pcm, this.#rate));
    this.#level(meter(frame.peak));
  }

  #level(user: number): void {
    this.#tell("level", { user, assistant: meter(this.#report?.peak ?? 0) });
  }

  #play(sound: Sound): void {
    this.#piecesReceived += 1;
    if (this.#ended) return;
    this.#latencies.came(sound.turn, performance.now());
    this.#loudspeaker?.play(sound);
  }

  #reported(report: Report): void {
    this.#report = report;
    if (this.#ended) return;
    this.#change(() => this.#presence.sounds(report.busy ? "sounding" : "quiet"));
    this.#acknowledgements.reached(report.position, report.busy ? "busy" : "quiet", performance.now());
    if (!this.#microphone?.there || this.#ear === "muted" || !report.busy) this.#level(0);
  }

  #audible(turn: number, inMs: number): void {
    const latency = this.#latencies.audible(turn, performance.now() + inMs);
    if (latency) this.#tell("latency", latency);
  }

  #hear(event: CallEvent): void {
    this.#act(event);
    this.#change(() => this.#presence.apply(event));
    this.#tell("event", event);
  }

  #act(event: CallEvent): void {
    switch (event.type) {
      case "transcript": {
        const change = this.transcript.apply(event);
        if (change.change !== "none") this.#tell("transcript", { change: change.change, line: change.line });
        break;
      }
      case "interrupted":
        this.#loudspeaker?.cut(event.turn);
        this.#tell("interrupted", { turn: event.turn, heardMs: event.heardMs });
        break;
      case "turnEnded": {
        this.#loudspeaker?.end(event.turn);
        const latency = this.#latencies.ended(event.turn, event.latency);
        if (latency) this.#tell("latency", latency);
        this.#tell("turnended", { turn: event.turn, end: event.end });
        break;
      }
      case "usage":
        this.#tell("usage", { total: event.total, cost: event.cost });
        break;
      case "toolCall":
        this.#tell("toolcall", { turn: event.turn, id: event.id, name: event.name, arguments: event.arguments });
        break;
      case "toolDone":
        this.#tell("tooldone", { id: event.id, name: event.name, outcome: event.outcome });
        break;
      case "closed":
        this.#closed(event.error);
        break;
    }
  }

  #closed(failure: unknown): void {
    const error = readError(failure);
    if (error) this.#tell("error", error);
  }

  /** The server says the same of each frame of the voice; a person need read it once, and not of a frame or two. */
  #refused(error: VoiceError): void {
    // A page that was held up sends what it has heard meanwhile at once, and the server takes no more than a little of that.
    if (error.code === "audio-queue-full" && ++this.#framesRefused % WORTH_TELLING !== 0) return;
    const now = performance.now();
    if (this.#refusal?.code === error.code && now - this.#refusal.at < ONCE) return;
    this.#refusal = { code: error.code, at: now };
    this.#tell("error", error);
  }

  #phase(phase: Phase, error?: VoiceError): void {
    if (phase.name === "open") {
      this.#change(() => this.#presence.road("open"));
      this.#opened.resolve();
      this.#acknowledgements.repeat();
    } else if (phase.name === "over") {
      this.#finish();
      // What the server has said itself was told when it said it.
      if (error && error.code !== this.#refusal?.code) this.#tell("error", error);
      if (error) this.#opened.reject(error);
      else this.#opened.resolve();
      this.#over.resolve();
    } else {
      this.#change(() => this.#presence.road("broken"));
    }
  }

  #send(command: Command): void {
    if (!this.#ended) this.#connection.say(command);
  }

  #change(act: () => void): void {
    const previous = this.state;
    act();
    if (this.state !== previous) this.#tell("state", { state: this.state, previous });
  }

  /** Silence, and the microphone's light goes out. */
  #finish(): void {
    if (this.#ended) return;
    this.#microphone?.release();
    void this.#audio?.close();
    this.#change(() => this.#presence.end());
    this.#tell("level", { user: 0, assistant: 0 });
  }
}

/** How long the same refusal is not told again. */
const ONCE = 5000;
/** A second of the user's voice, in frames. */
const WORTH_TELLING = 31;
/** A little longer than the server takes to end a call in order. */
const ENDING = 12_000;

function ignored(): void {}

function notNow(): VoiceError {
  return new VoiceError({
    kind: "misuse",
    code: "no-call",
    message: "There is no call to play a recording into.",
    hint: "Start one first.",
  });
}

function broken(error: unknown): VoiceError {
  return new VoiceError({ kind: "bug", code: "bug", message: `The page failed: ${String(error)}.` });
}
