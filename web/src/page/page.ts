/** The page around `<nova-voice>`: shows what the element's events tell. Written as anybody's page would be. */

import type { NovaVoice, VoiceEvents } from "../nova-voice.js";
import "../nova-voice.js";

const voice = one<NovaVoice>("#voice");
const settings = one<HTMLFormElement>("#settings");
const sample = one<HTMLButtonElement>("#sample");

voice.addEventListener("state", ({ detail }) => {
  if (detail.state === "connecting") beginAnew();
});
voice.addEventListener("latency", ({ detail }) => showWaits(detail));
voice.addEventListener("usage", ({ detail }) => showUsage(detail));
voice.addEventListener("toolcall", ({ detail }) => showTool(detail.id, detail.name, detail.arguments));
voice.addEventListener("tooldone", ({ detail }) => showOutcome(detail.id, detail.outcome));

settings.addEventListener("input", configure);
settings.addEventListener("submit", (event) => event.preventDefault());

sample.addEventListener("click", async () => {
  sample.disabled = true;
  show(voice);
  try {
    if (voice.state === "idle" || voice.state === "ended") await voice.start({ microphone: "none" });
    await voice.play(new URL("question.wav", document.baseURI));
  } catch {
    // The element shows it.
  } finally {
    sample.disabled = false;
  }
});

configure();
void showEndpoint();

/** What the settings say, for the next call. */
function configure(): void {
  const said = new FormData(settings);
  const text = (name: string) => String(said.get(name) ?? "").trim();
  const options: Record<string, string> = {};
  if (text("voice") !== "") options["voice"] = text("voice");
  if (text("prompt") !== "") options["system_prompt"] = text("prompt");
  voice.options = options;
  voice.token = text("token") || null;
  voice.pushToTalk = said.has("push");
}

/** Whoever talks with an emulator is told so, always. */
async function showEndpoint(): Promise<void> {
  try {
    const health = (await (await fetch("health")).json()) as { endpoint?: string };
    one("#emulator").hidden = health.endpoint !== "emulator";
  } catch {
    // Without an answer nothing is known of it; a call will say what is wrong.
  }
}

function beginAnew(): void {
  showWaits({ turn: 0, firstTextMs: null, firstAudioMs: null, firstAudibleMs: null, loudspeakerMs: null });
  showUsage({ total: { speechIn: 0, textIn: 0, speechOut: 0, textOut: 0 }, cost: "0" });
  one("#tools").hidden = true;
  one("#tools ol").replaceChildren();
}

type Wait = Exclude<keyof VoiceEvents["latency"], "turn">;

function showWaits(latency: VoiceEvents["latency"]): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-wait]")];
  const waits = rows.map((row) => latency[row.dataset["wait"] as Wait]);
  const longest = Math.max(1, ...waits.map((wait) => wait ?? 0));
  for (const [n, row] of rows.entries()) {
    const wait = waits[n] ?? null;
    row.querySelector("dd")!.textContent = wait === null ? "–" : `${Math.round(wait)} ms`;
    row.style.setProperty("--share", String((wait ?? 0) / longest));
  }
}

function showUsage({ total, cost }: VoiceEvents["usage"]): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-tokens]")) {
    place.textContent = total[place.dataset["tokens"] as keyof typeof total].toLocaleString("en");
  }
  one("#cost").textContent = cost === null ? "unknown" : `$${cost}`;
}

function showTool(id: string, name: string, given: unknown): void {
  const item = document.createElement("li");
  item.dataset["id"] = id;
  for (const [tag, text] of [
    ["strong", name],
    ["span", "running…"],
    ["code", JSON.stringify(given)],
  ] as const) {
    item.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  one("#tools").hidden = false;
  one("#tools ol").append(item);
}

function showOutcome(id: string, outcome: string): void {
  const items = [...document.querySelectorAll<HTMLElement>("#tools li")];
  const words = outcome.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  items
    .find((item) => item.dataset["id"] === id)
    ?.querySelector("span")
    ?.replaceChildren(words);
}

/** On a phone the button is a screen below what it starts. */
function show(element: HTMLElement): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
}

function one<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
  return document.querySelector<Kind>(selector)!;
}
