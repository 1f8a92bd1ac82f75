/**
 * `<nova-voice>`: a spoken conversation in any web page.
 *
 *     <script type="module" src="/nova-voice.js"></script>
 *     <nova-voice src="/ws/"></nova-voice>
 *
 * The README beside this package lists attributes, methods and events. Everything under `call` and `model` is without a
 * face; `element` is what a person sees.
 */

import type { Worklets } from "./call/audio.js";
import { Call } from "./call/call.js";
import { Server, type Token } from "./call/server.js";
import type { Stats, VoiceEvents } from "./call/voice-events.js";
import { View } from "./element/view.js";
import type { State } from "./model/presence.js";
import type { Line } from "./model/transcript.js";
import { VoiceError } from "./protocol/errors.js";

export type { Worklets } from "./call/audio.js";
export type { Token } from "./call/server.js";
export type { CutAccount, Latency, Stats, UsageSoFar, VoiceEvents } from "./call/voice-events.js";
export type { State } from "./model/presence.js";
export type { Line } from "./model/transcript.js";
export type { ErrorFields } from "./protocol/errors.js";
export type { CallEvent, KnownEvent, Tokens, TurnEnd } from "./protocol/events.js";
export { VoiceError };

/** How a call is started. */
export interface StartOptions {
  /** `none` asks for no microphone: the call can be typed in, heard, and given recordings. */
  readonly microphone?: "microphone" | "none";
}

/** A listener of one of the element's events. */
export type VoiceListener<Name extends keyof VoiceEvents> = (event: CustomEvent<VoiceEvents[Name]>) => void;

/** The element. */
export class NovaVoice extends HTMLElement {
  static readonly observedAttributes = ["volume", "muted", "push-to-talk"];

  readonly #view: View;
  #call: Call | undefined;
  #options: Readonly<Record<string, unknown>> | undefined;
  #token: Token = null;
  #worklets: Worklets = {
    capture: new URL("./capture.worklet.js", import.meta.url),
    playback: new URL("./playback.worklet.js", import.meta.url),
  };
  #held: "held" | "released" = "released";

  constructor() {
    super();
    this.#view = new View(this.attachShadow({ mode: "open" }), {
      toggle: () => void (this.#live ? this.stop() : this.start()).catch(shown),
      mute: () => {
        this.mute = !this.mute;
      },
      hold: () => this.hold(),
      release: () => this.release(),
      interrupt: () => this.interrupt(),
      say: (text) => (this.#live ? this.say(text) : this.#beginWith(text)),
      volume: (volume) => {
        this.volume = volume;
      },
    });
  }

  /** The address of the WebSocket: with a session's id it joins that call, without one it opens a call when started. */
  get src(): string {
    return this.getAttribute("src") ?? "";
  }
  set src(src: string) {
    this.setAttribute("src", src);
  }

  /** The body of `POST /session/start` for a call that is opened here; the attribute is its JSON. */
  get options(): Readonly<Record<string, unknown>> {
    return this.#options ?? parsed(this.getAttribute("options"));
  }
  set options(options: Readonly<Record<string, unknown>>) {
    this.#options = options;
  }

  /** Shows who the user is, where the server asks: a bearer token, or what fetches one. */
  get token(): Token {
    return this.#token;
  }
  set token(token: Token) {
    this.#token = token;
  }

  /** Where the two worklets are, if not beside this module. */
  get worklets(): Worklets {
    return this.#worklets;
  }
  set worklets(worklets: Worklets) {
    this.#worklets = worklets;
  }

  /** How loud the assistant is, from 0 to 1. */
  get volume(): number {
    const volume = Number(this.getAttribute("volume") ?? 1);
    return Number.isFinite(volume) ? Math.min(1, Math.max(0, volume)) : 1;
  }
  set volume(volume: number) {
    this.setAttribute("volume", String(volume));
  }

  /** Whether the microphone is off. */
  get mute(): boolean {
    return this.hasAttribute("muted");
  }
  set mute(mute: boolean) {
    this.toggleAttribute("muted", mute);
  }

  /** Whether the microphone is heard only while the button, or the space bar, is held. */
  get pushToTalk(): boolean {
    return this.hasAttribute("push-to-talk");
  }
  set pushToTalk(push: boolean) {
    this.toggleAttribute("push-to-talk", push);
  }

  /** What goes on. */
  get state(): State {
    return this.#call?.state ?? "idle";
  }

  /** The session's id, once it is known. */
  get session(): string | null {
    return this.#call?.session ?? null;
  }

  /** The number of the last event; a page that is loaded anew joins behind it with `src="/ws/ID?after=NUMBER"`. */
  get lastEvent(): number | null {
    return this.#call?.lastEvent ?? null;
  }

  /** The lines of this call, or of the last one, oldest first. */
  get transcript(): readonly Line[] {
    return this.#call?.transcript.lines ?? [];
  }

  /** Counts of this call, or of the last one; null before the first. */
  get stats(): Stats | null {
    return this.#call?.stats ?? null;
  }

  /**
   * Starts the call; done when it is connected. Must come from a gesture of the user's, or nothing sounds. Fails with a
   * `VoiceError`, which is told as an event and shown too.
   */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#live) return;
    this.#view.clear();
    const settings = this.#settings();
    const call: Call = new Call({
      ...settings,
      worklets: this.worklets,
      volume: this.volume,
      // What an earlier call still has to say is nobody's any more.
      tell: (name, detail) => (this.#call === call || this.#call === undefined) && this.#tell(name, detail),
    });
    this.#call = call;
    this.#listen();
    await call.start(options.microphone ?? "microphone");
  }

  /** Ends a call that was opened here, leaves one that was joined. Silent at once; done when the server has ended it. */
  async stop(): Promise<void> {
    await this.#call?.stop();
  }

  /** Says something typed, to be answered aloud; as soon as the call is there. Without a call it tells an `error`. */
  say(text: string): void {
    if (this.#live) this.#call?.say(text);
    else this.#tell("error", unsaid());
  }

  /** Makes the assistant speak first; the instruction is seen by nobody. Without a call it tells an `error`. */
  greet(text: string): void {
    if (this.#live) this.#call?.command({ type: "greet", text });
    else this.#tell("error", unsaid());
  }

  /** Stops the answer that sounds. */
  interrupt(): void {
    this.#call?.interrupt();
  }

  /** Asks by a recording in place of the microphone; done when it has been played to its end. */
  async play(recording: string | URL | Blob): Promise<void> {
    await this.#call?.play(recording);
  }

  /** Answers a tool that this page brought (`tools` of the options), with any JSON. */
  answerTool(id: string, result: unknown): void {
    this.#call?.command({ type: "toolResult", id, result });
  }

  /** Says why a tool has no result, in a sentence for the model. */
  refuseTool(id: string, error: string): void {
    this.#call?.command({ type: "toolResult", id, error });
  }

  /** With `pushToTalk`: opens the microphone until `release`. */
  hold(): void {
    if (this.#held === "held" || !this.pushToTalk || !this.#live) return;
    this.#held = "held";
    this.#listen();
  }

  /** Ends what `hold` began. */
  release(): void {
    if (this.#held === "released") return;
    this.#held = "released";
    this.#listen();
  }

  override addEventListener<Name extends keyof VoiceEvents>(
    name: Name,
    listener: VoiceListener<Name>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(name: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(name, listener as EventListener, options);
  }

  /** @internal */
  connectedCallback(): void {
    for (const name of SETTABLE) this.#adopt(name);
    document.addEventListener("keydown", this.#keyDown);
    document.addEventListener("keyup", this.#keyUp);
    addEventListener("blur", this.#away);
    addEventListener("pagehide", this.#leave);
    this.attributeChangedCallback();
  }

  /** @internal */
  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.#keyDown);
    document.removeEventListener("keyup", this.#keyUp);
    removeEventListener("blur", this.#away);
    removeEventListener("pagehide", this.#leave);
    this.#leave();
  }

  /** @internal */
  attributeChangedCallback(): void {
    this.#view.volume(this.volume);
    if (this.#call) this.#call.volume = this.volume;
    this.#listen();
  }

  /** What the attributes say; an error is told before it is thrown. */
  #settings() {
    try {
      return { server: new Server(this.src || DEFAULT_SRC, this.baseURI, this.token), options: this.options };
    } catch (cause) {
      const error = cause instanceof VoiceError ? cause : wrong("src", "is no address", 'For instance: src="/ws/".');
      this.#tell("error", error);
      throw error;
    }
  }

  /** Whoever types first wants no microphone. */
  #beginWith(text: string): void {
    this.start({ microphone: "none" }).catch(() => this.#view.giveBack(text));
    if (this.#live) this.say(text);
  }

  get #live(): boolean {
    return this.state !== "idle" && this.state !== "ended";
  }

  /** What a page has set before this module was there stands in front of the accessor. */
  #adopt(name: (typeof SETTABLE)[number]): void {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete (this as Partial<this>)[name];
    Object.assign(this, { [name]: value });
  }

  #listen(): void {
    const wanted = this.pushToTalk ? (this.#held === "held" ? "pushed" : "push") : this.mute ? "muted" : "open";
    this.#view.talking(wanted, this.#live && this.#call?.microphone === "none" ? "none" : "there");
    this.#call?.listen(wanted === "open" || wanted === "pushed" ? "open" : "muted");
  }

  #tell<Name extends keyof VoiceEvents>(name: Name, detail: VoiceEvents[Name]): void {
    SHOWN[name]?.(this.#view, detail, this.transcript);
    // Whether there is a microphone is known when the call is; it can be pulled out.
    if (name === "state" || name === "error") this.#listen();
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  readonly #keyDown = (event: KeyboardEvent) => {
    if (event.code !== "Space" || !this.pushToTalk || !this.#live || isControl(event)) return;
    // The page would scroll.
    event.preventDefault();
    if (!event.repeat) this.hold();
  };

  readonly #keyUp = (event: KeyboardEvent) => {
    if (event.code === "Space") this.release();
  };

  /** Whoever goes to another window lets go of the key there. */
  readonly #away = () => this.release();

  readonly #leave = () => void this.stop().catch(shown);
}

/** What of the events is seen. */
const SHOWN: { [Name in keyof VoiceEvents]?: (view: View, detail: VoiceEvents[Name], lines: readonly Line[]) => void } =
  {
    state: (view, { state }) => view.state(state),
    level: (view, { user, assistant }) => view.level(user, assistant),
    error: (view, error) => view.error(error),
    transcript: (view, { change, line }, lines) => {
      if (change === "removed") return view.remove(line);
      const at = lines.findIndex((one) => one.item === line.item);
      view.line(line, lines[at + 1]?.item);
    },
  };

const DEFAULT_SRC = "/ws/";
const SETTABLE = ["src", "options", "token", "worklets", "volume", "mute", "pushToTalk"] as const;

/** Errors are events, and stand on the page. */
function shown(): void {}

function parsed(json: string | null): Readonly<Record<string, unknown>> {
  if (json === null || json.trim() === "") return {};
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    throw wrong("options", "is not JSON", 'For instance: options=\'{"voice": "tiffany"}\'.');
  }
}

function unsaid(): VoiceError {
  return new VoiceError({
    kind: "misuse",
    code: "no-call",
    message: "There is no call to say this in.",
    hint: "Start one first.",
  });
}

function wrong(attribute: string, why: string, hint: string): VoiceError {
  const message = `The attribute \`${attribute}\` of <nova-voice> ${why}.`;
  return new VoiceError({ kind: "invalid", code: attribute, message, hint });
}

/** Whether a key belongs to what has the focus. */
function isControl(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, button, a, summary, [contenteditable]") !== null
  );
}

declare global {
  interface HTMLElementTagNameMap {
    "nova-voice": NovaVoice;
  }
}

if (!customElements.get("nova-voice")) customElements.define("nova-voice", NovaVoice);
