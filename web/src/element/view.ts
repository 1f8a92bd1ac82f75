import type { State } from "../model/presence.js";
import type { Line } from "../model/transcript.js";
import type { VoiceError } from "../protocol/errors.js";
import { style } from "./style.js";

/** What a person can do. */
export interface Wishes {
  toggle(): void;
  mute(): void;
  hold(): void;
  release(): void;
  interrupt(): void;
  say(text: string): void;
  volume(volume: number): void;
}

/** How the microphone is used just now. */
export type Talking = "open" | "muted" | "push" | "pushed";

type Words = readonly [state: string, hint: string];

const WORDS: Record<State, Words> = {
  idle: ["Ready when you are", "Start, then simply talk. Or type."],
  connecting: ["Connecting…", "One moment."],
  listening: ["Listening", "Say something, or type."],
  hearing: ["You are speaking", "Pause when you are done."],
  thinking: ["Thinking…", "An answer is on its way."],
  speaking: ["The assistant is speaking", "You can speak into it at any time."],
  reconnecting: ["Reconnecting…", "The connection broke; nothing is lost."],
  ended: ["The call is over", "Start another one whenever you like."],
};

/** What is said in place of it where the microphone is not simply open. */
const OTHERWISE: Record<Talking | "none", Partial<Record<State, Words>>> = {
  open: {},
  pushed: {},
  muted: {
    listening: ["Your microphone is off", "Turn it on to talk, or type."],
    speaking: [WORDS.speaking[0], "Turn your microphone on to speak into it, or type."],
  },
  push: {
    listening: ["Ready", "Hold the button or the space bar to talk."],
    speaking: [WORDS.speaking[0], "Hold the button or the space bar to speak into it."],
  },
  none: {
    listening: ["Ready", "Without a microphone you can type."],
    hearing: ["The recording is heard", "It speaks in your place."],
    speaking: [WORDS.speaking[0], "You can type into it at any time."],
  },
};

/** A call that ended before it was there. */
const UNBEGUN: Words = ["The call did not begin", "Start again whenever you like."];

const ICONS = {
  talk: '<path d="M12 3a3 3 0 0 0-3 3v4a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z"/><path d="M5.5 10.5a6.5 6.5 0 0 0 13 0M12 17v4"/>',
  end: '<path d="M3.5 14.6c0-1.2.5-2.3 1.4-3a11.4 11.4 0 0 1 14.2 0c.9.7 1.4 1.8 1.4 3v.9c0 .7-.6 1.2-1.3 1.1l-2.7-.5a1.1 1.1 0 0 1-.9-1l-.1-1.5a9.4 9.4 0 0 0-7 0l-.1 1.5a1.1 1.1 0 0 1-.9 1l-2.7.5a1.1 1.1 0 0 1-1.3-1.1Z"/>',
  mute: '<path d="M9 9V6a3 3 0 0 1 6 0v4m-.9 2.1A3 3 0 0 1 9 10"/><path d="M5.5 10.5a6.5 6.5 0 0 0 10.6 5M18.5 10.5a6.4 6.4 0 0 1-.4 2.2M12 17v4M4 4l16 16"/>',
  hush: '<rect x="6.5" y="6.5" width="11" height="11" rx="2.5"/>',
  send: '<path d="M5 12h14m-6-6 6 6-6 6"/>',
  loud: '<path d="M4 10v4h3l5 4V6L7 10H4Z"/><path d="M16 9a4 4 0 0 1 0 6m2.5-8.5a7.5 7.5 0 0 1 0 11"/>',
  close: '<path d="m7 7 10 10M17 7 7 17"/>',
};

const icon = (name: keyof typeof ICONS) => `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;

const TEMPLATE = `
<section class="card" part="card" data-state="idle" aria-label="Voice conversation">
  <div class="head" part="head">
    <div class="orb" part="orb" aria-hidden="true"></div>
    <div class="words"><p class="state" part="state" role="status"></p><p class="hint" part="hint"></p></div>
    <div class="meters" part="meters" aria-hidden="true">
      <div class="meter user"><span>You</span><div class="bar"><i></i></div></div>
      <div class="meter assistant"><span>Assistant</span><div class="bar"><i></i></div></div>
    </div>
  </div>
  <div class="lines" part="lines" role="region" aria-label="Transcript" tabindex="0">
    <p class="empty">Your conversation will appear here.</p><ol></ol>
  </div>
  <div class="alert" part="alert" role="alert" hidden>
    <div><strong></strong><span></span></div>
    <button type="button" class="close icon" aria-label="Dismiss">${icon("close")}</button>
  </div>
  <form class="type" part="type">
    <input name="text" aria-label="Type a message" placeholder="Type instead of talking" autocomplete="off" maxlength="4000">
    <button class="icon" aria-label="Send">${icon("send")}</button>
  </form>
  <div class="controls" part="controls">
    <button type="button" class="primary" part="start">${icon("talk")}<span></span></button>
    <button type="button" class="talk" part="talk" aria-pressed="false" hidden>${icon("talk")}<span>Hold to talk</span></button>
    <button type="button" class="mute icon" part="mute" aria-pressed="false" aria-label="Mute the microphone" title="Mute the microphone" disabled>${icon("talk")}${icon("mute")}</button>
    <button type="button" class="hush icon" part="interrupt" aria-label="Stop the answer" title="Stop the answer" disabled>${icon("hush")}</button>
    <label class="volume" part="volume">${icon("loud")}<input type="range" min="0" max="1" step="0.01" value="1" aria-label="Volume"></label>
  </div>
  <p class="unseen final" aria-live="polite"></p>
</section>`;

/** What a person sees and touches: shows what it is told, and tells wishes; it knows nothing of calls. */
export class View {
  readonly #root: ShadowRoot;
  readonly #card: HTMLElement;
  readonly #list: HTMLOListElement;
  readonly #items = new Map<number, HTMLLIElement>();
  readonly #announced = new Set<number>();
  #state: State = "idle";
  #begun: "begun" | "unbegun" = "begun";
  #talking: Talking = "open";
  #microphone: "there" | "none" = "there";
  #error: VoiceError | undefined;

  constructor(root: ShadowRoot, wishes: Wishes) {
    root.adoptedStyleSheets = [style];
    root.innerHTML = TEMPLATE;
    this.#root = root;
    this.#card = this.#one(".card");
    this.#list = this.#one("ol");
    this.state("idle");
    this.#wire(wishes);
  }

  /** Shows what goes on. */
  state(state: State): void {
    this.#begun = state === "ended" && this.#state === "connecting" ? "unbegun" : "begun";
    this.#state = state;
    const live = this.#live;
    this.#card.dataset["state"] = state;
    this.#card.toggleAttribute("data-live", live);
    this.#one(".primary span").textContent = live ? "End" : state === "ended" ? "Start again" : "Start talking";
    this.#one(".primary svg").innerHTML = ICONS[live ? "end" : "talk"];
    this.#one<HTMLButtonElement>(".hush").disabled = state !== "speaking" && state !== "thinking";
    // What is said of the microphone is of use while the call is there.
    if (state === "ended" && this.#error?.code.startsWith("microphone-")) this.error(undefined);
    this.#offer();
    this.#say();
  }

  /** Shows how the microphone is used, and whether there is one in this call. */
  talking(talking: Talking, microphone: "there" | "none"): void {
    this.#talking = talking;
    this.#microphone = microphone;
    const push = talking === "push" || talking === "pushed";
    this.#one(".talk").hidden = !push;
    this.#one(".mute").hidden = push;
    this.#one(".talk").setAttribute("aria-pressed", String(talking === "pushed"));
    this.#one(".mute").setAttribute("aria-pressed", String(talking === "muted"));
    this.#offer();
    this.#say();
  }

  get #live(): boolean {
    return this.#state !== "idle" && this.#state !== "ended";
  }

  /** The buttons of a microphone that is not there keep their place: the row would jump. */
  #offer(): void {
    const mute = this.#one(".mute");
    const name = this.#microphone === "none" ? "There is no microphone in this call" : "Mute the microphone";
    if (mute.title !== name) {
      mute.title = name;
      mute.setAttribute("aria-label", name);
    }
    for (const one of this.#all<HTMLButtonElement>(".mute, .talk")) {
      one.disabled = !this.#live || this.#microphone === "none";
    }
  }

  #say(): void {
    const usual = this.#begun === "unbegun" ? UNBEGUN : WORDS[this.#state];
    const use = this.#microphone === "none" ? "none" : this.#talking;
    const [words, hint] = OTHERWISE[use][this.#state] ?? usual;
    const state = this.#one(".state");
    // A screen reader is told what has changed, and nothing twice.
    if (state.textContent !== words) state.textContent = words;
    this.#one(".hint").textContent = hint;
  }

  /** Shows a line that is new or has changed, in front of the line with the item `before`. */
  line(line: Line, before: number | undefined): void {
    let item = this.#items.get(line.item);
    if (item === undefined) {
      item = document.createElement("li");
      item.className = "line";
      item.setAttribute("part", `line ${line.role}`);
      this.#items.set(line.item, item);
      this.#list.insertBefore(item, (before !== undefined && this.#items.get(before)) || null);
    }
    item.dataset["role"] = line.role;
    item.dataset["stage"] = line.stage;
    item.replaceChildren(unseen(line.role === "user" ? "You: " : "Assistant: "), line.text, ...struck(line.unheard));
    this.#one(".empty").hidden = true;
    this.#announce(line);
    this.#follow();
  }

  /** Takes a line off. */
  remove(line: Line): void {
    this.#items.get(line.item)?.remove();
    this.#items.delete(line.item);
  }

  /** Takes all lines off: another call begins. */
  clear(): void {
    this.#list.replaceChildren();
    this.#items.clear();
    this.#announced.clear();
    this.#one(".empty").hidden = false;
    this.error(undefined);
  }

  /** Shows what went wrong, or nothing. */
  error(error: VoiceError | undefined): void {
    this.#error = error;
    this.#one(".alert").hidden = error === undefined;
    this.#one(".alert strong").textContent = error?.message ?? "";
    this.#one(".alert span").textContent = error?.hint ?? "";
  }

  /** Gives back what was typed and could not be said, unless something else is being typed. */
  giveBack(text: string): void {
    const input = this.#one<HTMLInputElement>(".type input");
    if (input.value === "") input.value = text;
  }

  /** Shows how loud both sides are, each from 0 to 1. */
  level(user: number, assistant: number): void {
    this.#one(".user i").style.setProperty("--level", user.toFixed(3));
    this.#one(".assistant i").style.setProperty("--level", assistant.toFixed(3));
    this.#one(".orb").style.setProperty("--level", Math.max(user, assistant).toFixed(3));
  }

  /** Shows how loud the assistant is set. */
  volume(volume: number): void {
    this.#one<HTMLInputElement>(".volume input").value = String(volume);
  }

  /** Final lines alone, each once: what is only announced may never be said. */
  #announce(line: Line): void {
    if (line.stage !== "final" || line.text === "" || this.#announced.has(line.item)) return;
    this.#announced.add(line.item);
    this.#one(".final").textContent = `${line.role === "user" ? "You" : "Assistant"}: ${line.text}`;
  }

  /** Stays at the end, unless somebody reads further up. */
  #follow(): void {
    const lines = this.#one(".lines");
    const away = lines.scrollHeight - lines.scrollTop - lines.clientHeight;
    if (away < 160) lines.scrollTop = lines.scrollHeight;
  }

  #wire(wishes: Wishes): void {
    this.#one(".primary").onclick = () => wishes.toggle();
    this.#one(".mute").onclick = () => wishes.mute();
    this.#one(".hush").onclick = () => wishes.interrupt();
    this.#one(".close").onclick = () => this.error(undefined);
    const volume = this.#one<HTMLInputElement>(".volume input");
    volume.oninput = () => wishes.volume(volume.valueAsNumber);
    this.#one<HTMLFormElement>(".type").onsubmit = (event) => {
      event.preventDefault();
      const input = this.#one<HTMLInputElement>(".type input");
      const text = input.value.trim();
      input.value = "";
      if (text !== "") wishes.say(text);
    };
    this.#wireTalk(this.#one(".talk"), wishes);
  }

  #wireTalk(talk: HTMLElement, wishes: Wishes): void {
    talk.onpointerdown = (event) => {
      // A finger that slides off still holds.
      talk.setPointerCapture(event.pointerId);
      wishes.hold();
    };
    talk.onpointerup = talk.onpointercancel = talk.onblur = () => wishes.release();
    talk.oncontextmenu = (event) => event.preventDefault();
    talk.onkeydown = (event) => {
      if ((event.key === " " || event.key === "Enter") && !event.repeat) wishes.hold();
    };
    talk.onkeyup = () => wishes.release();
  }

  #one<Kind extends Element = HTMLElement>(selector: string): Kind {
    return this.#root.querySelector<Kind>(selector)!;
  }

  #all<Kind extends Element>(selector: string): NodeListOf<Kind> {
    return this.#root.querySelectorAll<Kind>(selector);
  }
}

function unseen(text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = "unseen";
  span.textContent = text;
  return span;
}

function struck(text: string): (HTMLElement | string)[] {
  if (text === "") return [];
  const words = document.createElement("s");
  words.title = "Not heard: the answer was interrupted before it";
  words.textContent = text;
  return [" ", words];
}
