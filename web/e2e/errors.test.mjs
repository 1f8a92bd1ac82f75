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

for (const order of ["before", "after"]) {
  test(`why a call did not begin is not hidden by a microphone that is found missing ${order} it`, async () => {
    await withPage({ html: element(`options='{"voice":"nobody"}'`) }, async (page) => {
      await page.evaluate((when) => {
        const voice = document.querySelector("nova-voice");
        const refused = new Promise((resolve) => {
          voice.addEventListener("state", ({ detail }) => detail.state === "ended" && resolve());
        });
        globalThis.missing = Promise.withResolvers();
        navigator.mediaDevices.getUserMedia = async () => {
          // A task later: what has failed is told by then.
          if (when === "after") await refused.then(() => new Promise((resolve) => setTimeout(resolve)));
          globalThis.missing.resolve();
          throw new DOMException("", "NotFoundError");
        };
      }, order);
      await page.getByRole("button", { name: "Start talking" }).click();
      await untilState(page, "ended");
      await page.evaluate(() => globalThis.missing.promise.then(() => new Promise((resolve) => setTimeout(resolve))));
      const alert = await page.getByRole("alert").innerText();
      assert.match(alert, /nobody/);
      assert.doesNotMatch(alert, /Typing works/);
      await page.getByText("The call did not begin").waitFor();
    });
  });
}

test("what is said of the microphone goes with the call", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilState(page, "listening");
    await page.getByRole("alert").getByText("Typing works all the same.").waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByText("The call is over").waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  });
});

test("what is said without a call is told as an error", async () => {
  await withPage({}, async (page) => {
    const told = await page.evaluate(async () => {
      const voice = document.querySelector("nova-voice");
      const errors = [];
      voice.addEventListener("error", ({ detail }) => errors.push([detail.kind, detail.code]));
      voice.say("Hello?");
      await voice.start({ microphone: "none" });
      await voice.stop();
      voice.greet("Say hello.");
      return errors;
    });
    assert.deepEqual(told, [
      ["misuse", "no-call"],
      ["misuse", "no-call"],
    ]);
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
