// The user speaks into an answer: it is silent within 50 ms of the message, and what was not heard is struck out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { canStart, startServer } from "./support/server.mjs";

const skip = canStart ? false : "needs a server with the scenario long_answer: give SERVER_COMMAND";

let server;
before(async () => {
  if (!skip) server = await startServer({ EMULATOR_SCENARIO: "long_answer", EMULATOR_PACE: "2" });
});
after(() => server?.stop());

/** From the message on: when the last loud block began, and how many there were; from the samples at the loudspeaker. */
function afterTheMessage(page) {
  return page.evaluate(() => {
    const at = globalThis.heard.interruptions[0];
    const loud = globalThis.heard.blocks.filter(([time, peak]) => time > at && time < at + 0.6 && peak > 0);
    const before = globalThis.heard.blocks.filter(([time, peak]) => time > at - 0.5 && time <= at && peak > 0.01);
    return {
      lastMs: Math.max(0, ...loud.map(([time]) => (time - at) * 1000)),
      blocks: loud.length,
      before: before.length,
    };
  });
}

function checkSilence({ lastMs, blocks, before }, stats) {
  assert.ok(before > 10, "it was loud just before");
  assert.ok(lastMs < 50, `the last sound began ${lastMs} ms after the message (${blocks} blocks)`);
  assert.ok(stats.lastCut.afterMs < 50, `the element counts ${stats.lastCut.afterMs} ms`);
}

test("speech stops the answer, within 50 ms of the message", { skip }, async (t) => {
  const { page, complaints, close } = await openPage(server.url, { hears: [1, "question", 5, "stop", 3] });
  try {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "speaking");
    await page.waitForFunction(() => globalThis.heard.interruptions.length > 0);
    await untilLine(page, "All right, I will stop here.");
    const stats = await page.evaluate(() => document.querySelector("nova-voice").stats);
    const silence = await afterTheMessage(page);
    t.diagnostic(`the last sound began ${Math.round(silence.lastMs)} ms after the message`);
    t.diagnostic(
      `the worklet rendered ${stats.lastCut.samples} samples more, for ${Math.round(stats.lastCut.afterMs)} ms`,
    );
    checkSilence(silence, stats);
    const [, answer] = await page.evaluate(() => document.querySelector("nova-voice").transcript);
    assert.ok(answer.text.startsWith("The sea covers most of the earth."), answer.text);
    assert.ok(!answer.text.includes("nobody has ever seen"), "what was not heard was not said");
    assert.notEqual(answer.unheard, "");
    assert.equal(await page.locator("nova-voice .line s").first().innerText(), answer.unheard);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
  }
});

test("the button stops it too", { skip }, async () => {
  const { page, complaints, close } = await openPage(server.url);
  try {
    await page.evaluate(() => document.querySelector("nova-voice").start({ microphone: "none" }));
    await page.getByRole("textbox", { name: "Type a message" }).fill("Tell me something about the sea.");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => (document.querySelector("nova-voice").stats.played?.ms ?? 0) > 1500);
    await page.getByRole("button", { name: "Stop the answer" }).click();
    await page.waitForFunction(() => globalThis.heard.interruptions.length > 0);
    await untilState(page, "listening");
    const { heard, played, sounds } = await page.evaluate(async () => {
      const voice = document.querySelector("nova-voice");
      const last = globalThis.heard.blocks.at(-1)[0];
      const later = () => globalThis.heard.blocks.filter(([time]) => time > last);
      while (later().length < 100) await new Promise((resolve) => setTimeout(resolve, 20));
      return {
        heard: voice.transcript.at(-1),
        played: voice.stats.played,
        sounds: later().some(([, peak]) => peak > 0),
      };
    });
    assert.ok(!sounds, "it stays silent, whatever still comes");
    assert.ok(heard.unheard.length > heard.text.length, `${heard.text} | ${heard.unheard}`);
    assert.ok(played.ms < 4000, `${played.ms}`);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
  }
});
