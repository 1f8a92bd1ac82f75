// Whoever has no microphone, or wants none, begins by typing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function withPage(options, act) {
  const { page, close } = await openPage(server.url, options);
  try {
    await page.waitForFunction(() => customElements.get("nova-voice"));
    await page.evaluate(() => {
      globalThis.asked = 0;
      const media = navigator.mediaDevices;
      const ask = media.getUserMedia.bind(media);
      media.getUserMedia = (wanted) => {
        globalThis.asked += 1;
        return ask(wanted);
      };
    });
    await act(page);
  } finally {
    await close();
  }
}

const field = (page) => page.getByRole("textbox", { name: "Type a message" });
const asked = (page) => page.evaluate(() => globalThis.asked);

async function type(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

test("the first line opens a call without a microphone, and so does one after the end", async () => {
  await withPage({ hears: [30] }, async (page) => {
    await type(page, "What can you do for me?");
    await untilState(page, "speaking");
    await page.getByText("You can type into it at any time.").waitFor();
    await untilLine(page, "stop when you interrupt me");
    const mute = page.getByRole("button", { name: "There is no microphone in this call" });
    assert.equal(await mute.isDisabled(), true);
    await untilState(page, "listening");
    await page.getByText("Without a microphone you can type.").waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await untilState(page, "ended");
    await type(page, "Hello, who are you?");
    const lines = await untilLine(page, "never get tired");
    assert.equal(lines[0].text, "Hello, who are you?", "another call, another transcript");
    assert.equal(await asked(page), 0);
  });
});

test("what is typed while the call is opened is said in its order", async () => {
  await withPage({}, async (page) => {
    const sessions = page.waitForRequest((request) => request.url().endsWith("/session/start"));
    let letGo;
    const held = new Promise((resolve) => {
      letGo = resolve;
    });
    await page.route("**/session/start", (route) => held.then(() => route.continue()));
    await type(page, "What can you do for me?");
    await sessions;
    await type(page, "Hello, who are you?");
    assert.equal(await page.evaluate(() => document.querySelector("nova-voice").state), "connecting");
    letGo();
    const lines = await untilLine(page, "never get tired");
    assert.deepEqual(
      lines.filter((line) => line.role === "user").map((line) => line.text),
      ["What can you do for me?", "Hello, who are you?"],
    );
  });
});

test("a line that opened no call is given back", async () => {
  const html = `<!doctype html><script type="module" src="/nova-voice.js"></script>
    <nova-voice options='{"voice":"nobody"}'></nova-voice>`;
  await withPage({ html }, async (page) => {
    await type(page, "What can you do for me?");
    await page.getByRole("alert").getByText("nobody").waitFor();
    await page.getByText("The call did not begin").waitFor();
    assert.equal(await field(page).inputValue(), "What can you do for me?");
  });
});
