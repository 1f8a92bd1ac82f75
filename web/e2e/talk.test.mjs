// A spoken question is answered: what the page shows, what the loudspeaker plays, what the browser loads.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, shownLines, untilLine, untilState } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

test("a question into the microphone is answered aloud, and shown", async (t) => {
  const { page, complaints, foreign, close } = await openPage(server.url, { hears: [1, "question", 2] });
  try {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "listening", "hearing");
    await untilState(page, "speaking");
    const lines = await untilLine(page, "never get tired");
    assert.deepEqual(
      lines.map(({ role, text }) => [role, text]),
      [
        ["user", "Hello, who are you?"],
        [
          "assistant",
          "Hello! I am a small voice made of recorded sentences. I live in a test machine, and I never get tired.",
        ],
      ],
    );
    assert.equal((await shownLines(page)).length, 2);
    await untilState(page, "listening");
    await checkSound(page);
    t.diagnostic(`text, sound, audible sample, loudspeaker: ${await checkAside(page)}`);
    await page.getByRole("button", { name: "End", exact: true }).click();
    await untilState(page, "ended");
    assert.deepEqual(complaints, []);
    assert.deepEqual(foreign, [], "nothing comes from elsewhere");
  } finally {
    await close();
  }
});

test("on a phone the sample question brings the transcript into view", async () => {
  const { page, close } = await openPage(server.url, {
    viewport: { width: 390, height: 844 },
    reducedMotion: "reduce",
  });
  try {
    const top = () => page.evaluate(() => document.querySelector("nova-voice").getBoundingClientRect().top);
    await page.evaluate(() => scrollTo({ top: document.body.scrollHeight, behavior: "instant" }));
    assert.ok((await top()) < -100, "the button is a screen below it");
    // A click that does not scroll by itself.
    await page.getByRole("button", { name: "Play a sample question" }).dispatchEvent("click");
    assert.ok((await top()) >= 0, "at once, where less movement is asked for");
  } finally {
    await close();
  }
});

test("a sample question takes the microphone's place", async () => {
  const { page, complaints, close } = await openPage(server.url);
  try {
    await page.getByRole("button", { name: "Play a sample question" }).click();
    await untilLine(page, "Hello, who are you?");
    await untilLine(page, "never get tired");
    const stats = await page.evaluate(() => document.querySelector("nova-voice").stats);
    assert.ok(stats.framesSent > 30 && stats.framesSent < 80, `two seconds, in frames of 32 ms: ${stats.framesSent}`);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
  }
});

test("whoever talks with an emulator is told so", async () => {
  const { page, close } = await openPage(server.url);
  try {
    await page.getByText("Emulator: scripted transcript").waitFor();
  } finally {
    await close();
  }
});

/** The loudspeaker has played the answer, all of it, and said so. */
async function checkSound(page) {
  const { loud, stats } = await page.evaluate(() => ({
    loud: globalThis.heard.blocks.filter(([, peak]) => peak > 0.01).length,
    stats: document.querySelector("nova-voice").stats,
  }));
  const seconds = (loud * 256) / (await page.evaluate(() => globalThis.audioContext.sampleRate));
  assert.ok(seconds > 3, `${seconds} s of sound`);
  assert.equal(stats.played.turn, 1);
  assert.ok(stats.played.ms > 5000, `${stats.played.ms} ms were played`);
  assert.equal(stats.starved, 0);
  assert.equal(stats.framesDropped, 0);
}

/** Waits, tokens and cost are on the page; returns the waits. */
async function checkAside(page) {
  const waits = await page.locator("#waits dd").allInnerTexts();
  const [text, audio, audible, loudspeaker] = waits.map((wait) => Number.parseInt(wait, 10));
  assert.ok(text > 0 && audio >= text && audible >= audio && loudspeaker >= audible, String(waits));
  assert.ok(loudspeaker < audible + 400, String(waits));
  assert.match(await page.locator("#cost").innerText(), /^\$0\.\d+$/);
  assert.notEqual(await page.locator('[data-tokens="speechOut"]').innerText(), "0");
  return waits.join(", ");
}
