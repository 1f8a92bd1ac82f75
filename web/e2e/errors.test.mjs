// What goes wrong is said in words, and what still works goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const element = (attributes) =>
  `<!doctype html><script type="module" src="/nova-voice.js"></script><nova-voice ${attributes}></nova-voice>`;

async function withPage(options, act) {
  const { page, close } = await openPage(server.url, options);
  try {
    await page.waitForFunction(() => customElements.get("nova-voice"));
    await act(page);
  } finally {
    await close();
  }
}

test("a call that is over", async () => {
  await withPage({ hears: [1], html: element('src="/ws/nobody"') }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await page.getByRole("alert").getByText("There is no call nobody.").waitFor();
    await untilState(page, "ended");
    await page.getByText("The call is over").waitFor();
  });
});

test("options that the server refuses", async () => {
  await withPage({ hears: [1], html: element(`options='{"voice":"nobody"}'`) }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await page.getByRole("alert").getByText("nobody").waitFor();
    const error = await page.evaluate(() =>
      document
        .querySelector("nova-voice")
        .start()
        .then(
          () => "started",
          (refused) => [refused.name, refused.kind, refused.retryable],
        ),
    );
    assert.deepEqual(error, ["VoiceError", "invalid", false]);
  });
});

test("attributes that cannot be read", async () => {
  await withPage({ html: element("options='{'") }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await page.getByRole("alert").getByText("is not JSON").waitFor();
  });
});

test("without a microphone it can be typed", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await page.getByRole("alert").getByText("Typing works all the same.").waitFor();
    await untilState(page, "listening");
    await page.getByRole("textbox", { name: "Type a message" }).fill("What can you do for me?");
    await page.getByRole("button", { name: "Send" }).click();
    await untilLine(page, "stop when you interrupt me");
  });
});

test("a call that is ended from elsewhere", async () => {
  await withPage({ hears: [1] }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "listening");
    const id = await page.evaluate(() => document.querySelector("nova-voice").session);
    await fetch(`${server.url}/session/${id}`, { method: "DELETE" });
    await untilState(page, "ended");
    await page.getByRole("button", { name: "Start again" }).click();
    await untilState(page, "listening");
    assert.notEqual(await page.evaluate(() => document.querySelector("nova-voice").session), id);
  });
});

test("whoever ends a call ends it on the server too", async () => {
  await withPage({ hears: [1] }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "listening");
    const id = await page.evaluate(() => document.querySelector("nova-voice").session);
    await page.evaluate(() => document.querySelector("nova-voice").stop());
    assert.equal((await fetch(`${server.url}/session/${id}`)).status, 404);
  });
});
