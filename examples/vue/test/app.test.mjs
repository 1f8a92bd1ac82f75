// The app as it is built, in Chromium, in front of a server of the voice API (see ../../../web/e2e for its settings).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { preview } from "vite";
import { openPage, untilLine, untilState } from "../../../web/e2e/support/browser.mjs";
import { startServer } from "../../../web/e2e/support/server.mjs";

let server;
let app;
let url;
before(async () => {
  server = await startServer();
  process.env.BACKEND = server.url;
  app = await preview({ root: fileURLToPath(new URL("..", import.meta.url)), preview: { host: "127.0.0.1", port: 0 } });
  url = app.resolvedUrls.local[0].replace(/\/$/, "");
});
after(async () => {
  await app?.close();
  await server?.stop();
});

test("a question is answered, and Vue shows what the element tells", async () => {
  const { page, complaints, foreign, close } = await openPage(url, { hears: [1, "question", 5] });
  try {
    await page.getByLabel("What the assistant is to be").fill("You are a lighthouse keeper.");
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "speaking");
    await untilLine(page, "never get tired");
    await page.getByRole("listitem").filter({ hasText: "Hello, who are you?" }).waitFor();
    await page.getByRole("listitem").filter({ hasText: "never get tired" }).waitFor();
    await page.getByText(/in the loudspeaker after \d+ ms/).waitFor();
    assert.ok(await page.getByLabel("What the assistant is to be").isDisabled());
    assert.equal(
      await page.evaluate(() => document.querySelector("nova-voice").options.system_prompt),
      "You are a lighthouse keeper.",
    );
    assert.ok(await page.evaluate(() => globalThis.heard.blocks.some(([, peak]) => peak > 0.05)), "it sounds");
    assert.deepEqual(complaints, []);
    assert.deepEqual(foreign, []);
  } finally {
    await close();
  }
});
