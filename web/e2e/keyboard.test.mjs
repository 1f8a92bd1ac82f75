// Everything works by keyboard, and a screen reader hears final lines alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** The name of what has the focus, in the page or in the element. */
const focused = (page) =>
  page.evaluate(() => {
    const outer = document.activeElement;
    const inner = outer.shadowRoot?.activeElement ?? outer;
    return inner.getAttribute("aria-label") ?? inner.innerText?.trim() ?? inner.tagName;
  });

async function tabTo(page, name) {
  const passed = [];
  for (let n = 0; n < 20; n++) {
    await page.keyboard.press("Tab");
    passed.push(await focused(page));
    if (passed.at(-1) === name) return;
  }
  assert.fail(`Tab never came to ${name}: ${passed}`);
}

const sent = (page) => page.evaluate(() => globalThis.heard.sent);

test("a call from beginning to end by keyboard alone", async () => {
  const { page, close } = await openPage(server.url, { hears: [1] });
  try {
    await tabTo(page, "Start talking");
    await page.keyboard.press("Enter");
    await untilState(page, "listening");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await focused(page), "Type a message");
    await page.keyboard.type("What can you do for me?");
    await page.keyboard.press("Enter");
    await untilLine(page, "stop when you interrupt me");
    await tabTo(page, "Mute the microphone");
    await page.keyboard.press("Space");
    assert.equal(await page.evaluate(() => document.querySelector("nova-voice").mute), true);
    await tabTo(page, "Volume");
    await page.keyboard.press("Home");
    assert.equal(await page.evaluate(() => document.querySelector("nova-voice").volume), 0);
  } finally {
    await close();
  }
});

test("push to talk: the microphone is heard while the space bar is held", async () => {
  const { page, close } = await openPage(server.url, { hears: [30] });
  try {
    await page.evaluate(() => {
      document.querySelector("nova-voice").pushToTalk = true;
      document
        .querySelector("nova-voice")
        .addEventListener("level", () => (globalThis.levels = (globalThis.levels ?? 0) + 1));
    });
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "listening");
    await page.evaluate(() => document.querySelector("nova-voice").shadowRoot.activeElement?.blur());
    assert.equal(await sent(page), 0, "nothing before");
    await page.keyboard.down("Space");
    await page.waitForFunction(() => globalThis.heard.sent > 10);
    assert.equal(await page.getByRole("button", { name: "Hold to talk" }).getAttribute("aria-pressed"), "true");
    await page.keyboard.up("Space");
    assert.equal(await page.getByRole("button", { name: "Hold to talk" }).getAttribute("aria-pressed"), "false");
    // The frame that was not full yet still goes; then nothing for as long as thirty frames take.
    const rest = await page.evaluate(async () => {
      const context = globalThis.audioContext;
      const until = async (time) => {
        while (context.currentTime < time) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await until(context.currentTime + 0.2);
      const before = globalThis.heard.sent;
      await until(context.currentTime + 1);
      return globalThis.heard.sent - before;
    });
    assert.equal(rest, 0);
  } finally {
    await close();
  }
});

test("a screen reader hears final lines alone, each once", async () => {
  const { page, close } = await openPage(server.url);
  try {
    await page.evaluate(async () => {
      const voice = document.querySelector("nova-voice");
      const region = voice.shadowRoot.querySelector("[aria-live]");
      globalThis.told = [];
      new MutationObserver(() => globalThis.told.push(region.textContent)).observe(region, { childList: true });
      await voice.start({ microphone: "none" });
      voice.say("What can you do for me?");
    });
    await untilLine(page, "stop when you interrupt me");
    const told = await page.evaluate(() => globalThis.told);
    assert.deepEqual(told, [
      "You: What can you do for me?",
      "Assistant: I can listen, answer, and stop when you interrupt me.",
    ]);
  } finally {
    await close();
  }
});
