// The element in a page of one's own: the README's eight lines, tokens, tools of the page's own, a call that others opened.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { canStart, startServer } from "./support/server.mjs";

const servers = new Map();
after(async () => {
  for (const server of servers.values()) await server.stop();
});

async function serverWith(settings) {
  const name = JSON.stringify(settings);
  if (!servers.has(name)) servers.set(name, await startServer(settings));
  return servers.get(name).url;
}

const skip = canStart ? false : "needs a server with settings of its own: give SERVER_COMMAND";
const PLAIN = '<!doctype html><script type="module" src="/nova-voice.js"></script><nova-voice></nova-voice>';

async function withPage(url, options, act) {
  const { page, complaints, close } = await openPage(url, options);
  try {
    await page.waitForFunction(() => customElements.get("nova-voice"));
    await act(page);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
  }
}

const start = (page) => page.evaluate(() => document.querySelector("nova-voice").start({ microphone: "none" }));
const say = (page, text) => page.evaluate((words) => document.querySelector("nova-voice").say(words), text);

test("the README's eight lines are a page to talk in", async () => {
  const html = /```html\n(.*?)```/s.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"))[1];
  assert.equal(html.trim().split("\n").length, 8);
  await withPage(await serverWith({}), { html, hears: [1, "question", 5] }, async (page) => {
    await page.getByRole("button", { name: "Start talking" }).click();
    await untilLine(page, "Hello, who are you?");
    await untilState(page, "speaking");
    await untilLine(page, "never get tired");
  });
});

test("a page joins a call that its server has opened, and goes on behind what it knows", async () => {
  const url = await serverWith({});
  const opened = await fetch(`${url}/session/start`, { method: "POST" });
  const { session_id: id } = await opened.json();
  await withPage(url, { html: PLAIN.replace("<nova-voice", `<nova-voice src="/ws/${id}"`) }, async (page) => {
    await start(page);
    await say(page, "What can you do for me?");
    await untilLine(page, "stop when you interrupt me");
    await untilState(page, "listening");
    const last = await page.evaluate(() => document.querySelector("nova-voice").lastEvent);
    await page.evaluate(() => document.querySelector("nova-voice").stop());
    assert.equal((await fetch(`${url}/session/${id}`)).status, 200, "who leaves does not end it");
    await page.evaluate(
      ([session, number]) => {
        document.querySelector("nova-voice").src = `/ws/${session}?after=${number}`;
      },
      [id, last],
    );
    await start(page);
    await say(page, "Hello, who are you?");
    const lines = await untilLine(page, "never get tired");
    assert.deepEqual(
      lines.map((line) => line.turn),
      [2, 2],
    );
  });
  await fetch(`${url}/session/${id}`, { method: "DELETE" });
});

test("a page of another origin talks with a server that lets it in", { skip }, async () => {
  const origin = "http://elsewhere.localhost";
  const url = await serverWith({ CORS_ORIGINS: origin });
  const html = `<!doctype html><script type="module" src="${url}/nova-voice.js"></script>
    <nova-voice src="${url.replace("http", "ws")}/ws/"></nova-voice>`;
  await withPage(origin, { html }, async (page) => {
    await start(page);
    await say(page, "What can you do for me?");
    await untilLine(page, "stop when you interrupt me");
  });
});

test("what a page sets before the module is there counts", async () => {
  const early =
    "Object.assign(document.querySelector('nova-voice'), { volume: 0.5, mute: true, options: { voice: 'nobody' } })";
  await withPage(await serverWith({}), { html: `${PLAIN}<script>${early}</script>` }, async (page) => {
    const { volume, attribute, refused } = await page.evaluate(async () => {
      const voice = document.querySelector("nova-voice");
      const refused = await voice.start({ microphone: "none" }).catch((error) => error.kind);
      return { volume: voice.volume, attribute: voice.hasAttribute("muted"), refused };
    });
    assert.deepEqual([volume, attribute, refused], [0.5, true, "invalid"]);
  });
});

test("a server that knows its users is shown a token", { skip }, async () => {
  const url = await serverWith({ AUTH_TOKENS: "secret=ada" });
  await withPage(url, { html: PLAIN }, async (page) => {
    const refused = await page.evaluate(() =>
      document
        .querySelector("nova-voice")
        .start({ microphone: "none" })
        .catch((error) => [error.code, error.hint]),
    );
    assert.equal(refused[0], "token");
    assert.ok(refused[1]);
    await page.evaluate(() => {
      document.querySelector("nova-voice").token = async () => "secret";
    });
    await start(page);
    await say(page, "What can you do for me?");
    await untilLine(page, "stop when you interrupt me");
  });
});

test("a page answers with tools of its own", { skip }, async () => {
  const url = await serverWith({ EMULATOR_SCENARIO: "tools" });
  await withPage(url, { html: PLAIN }, async (page) => {
    await page.evaluate(() => {
      const voice = document.querySelector("nova-voice");
      const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
      voice.options = { tools: [{ name: "get_weather", description: "The temperature in a city.", input_schema }] };
      voice.addEventListener("toolcall", ({ detail }) => {
        globalThis.asked = [detail.name, detail.arguments];
        voice.answerTool(detail.id, { temperature: 11 });
      });
    });
    await start(page);
    await say(page, "What is the weather in Oslo?");
    await untilLine(page, "11 degrees in Oslo");
    assert.deepEqual(await page.evaluate(() => globalThis.asked), ["get_weather", { city: "Oslo" }]);
  });
});
