// A real Chromium with a fake microphone, and a page of a server in it that is watched.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { tap } from "./tap.mjs";
import { writeWav } from "./wav.mjs";

export const DEADLINE = 30_000;

/**
 * Opens a page. `hears` is what the microphone hears, as `writeWav` takes it; without it the user refuses the microphone.
 * `path` is opened, or this `html` on the server's origin.
 */
export async function openPage(origin, { hears, path = "/", html, ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "nova-voice-"));
  const microphone = hears
    ? [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${writeWav(join(folder, "microphone.wav"), hears)}%noloop`,
      ]
    : [];
  const context = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...microphone],
    ...options,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(DEADLINE);
  const complaints = [];
  const foreign = [];
  page.on("console", (message) => {
    // A refused request is in the console too; the tests look at what the page makes of it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) foreign.push(request.url());
  });
  await page.addInitScript(tap);
  if (html) await page.route(`${origin}${OWN}`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${origin}${html ? OWN : path}`);
  return {
    page,
    complaints,
    foreign,
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where a page of a test's own stands. */
const OWN = "/own";

const FLAGS = [
  // A page that the test makes up has no address, and might not ask a server on the loopback.
  "--disable-features=LocalNetworkAccessChecks",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Waits until the page's element has this state. */
export function untilState(page, ...states) {
  return page.waitForFunction((wanted) => wanted.includes(document.querySelector("nova-voice").state), states);
}

/** Waits until a line of the transcript holds this text; returns all lines. */
export async function untilLine(page, text, stage = "final") {
  await page.waitForFunction(
    ([part, kind]) =>
      document.querySelector("nova-voice").transcript.some((line) => line.text.includes(part) && line.stage === kind),
    [text, stage],
  );
  return page.evaluate(() => document.querySelector("nova-voice").transcript);
}

/** The lines as a person reads them. */
export function shownLines(page) {
  return page.locator("nova-voice .line").allInnerTexts();
}
