// The WebSocket breaks in the middle of an answer and comes back: no event and no line is lost or doubled.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, shownLines, untilLine, untilState } from "./support/browser.mjs";
import { road, startServer } from "./support/server.mjs";

let server;
let way;
before(async () => {
  server = await startServer();
  way = await road(server.url);
});
after(async () => {
  await way.stop();
  await server.stop();
});

const ask = (page, text) => page.evaluate((words) => document.querySelector("nova-voice").say(words), text);

/** A page in a call, which notes the number of every event. */
async function inCall({ hears, microphone = "none" } = {}) {
  const opened = await openPage(way.url, hears ? { hears } : {});
  await opened.page.evaluate(async (ear) => {
    const voice = document.querySelector("nova-voice");
    globalThis.numbers = [];
    voice.addEventListener("event", ({ detail }) => globalThis.numbers.push([detail.seq, detail.type]));
    globalThis.errors = [];
    voice.addEventListener("error", ({ detail }) => globalThis.errors.push(detail.message));
    await voice.start({ microphone: ear });
  }, microphone);
  return opened;
}

/** What the page has is what the server has. */
async function checkLines(page) {
  const { id, mine, numbers } = await page.evaluate(() => {
    const voice = document.querySelector("nova-voice");
    const mine = voice.transcript.map(({ turn, role, text }) => ({ turn, role: role.toUpperCase(), text }));
    return { id: voice.session, mine, numbers: globalThis.numbers.map(([seq]) => seq) };
  });
  const { transcript } = await (await fetch(`${server.url}/session/${id}`)).json();
  assert.deepEqual(mine, transcript);
  assert.equal((await shownLines(page)).length, transcript.length);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    "each event once, in order",
  );
}

test("a cut in the middle of an answer is hardly noticed", async () => {
  const { page, complaints, close } = await inCall();
  try {
    await ask(page, "Hello, who are you?");
    await page.waitForFunction(() => document.querySelector("nova-voice").stats.piecesReceived > 5);
    way.cut();
    await page.waitForFunction(() => globalThis.heard.sockets === 2);
    await untilLine(page, "never get tired");
    await untilState(page, "listening");
    await ask(page, "What can you do for me?");
    await untilLine(page, "stop when you interrupt me");
    await untilState(page, "listening");
    await checkLines(page);
    const stats = await page.evaluate(() => document.querySelector("nova-voice").stats);
    assert.equal(stats.returns, 1);
    assert.deepEqual(
      complaints.filter((one) => !one.includes("WebSocket")),
      [],
    );
  } finally {
    await close();
  }
});

test("without a road it says so, keeps what is typed, and goes on when the road is back", async () => {
  const { page, close } = await inCall();
  try {
    await ask(page, "Hello, who are you?");
    await untilLine(page, "Hello, who are you?");
    way.cut("closed");
    await untilState(page, "reconnecting");
    await page.getByText("Reconnecting…").waitFor();
    await ask(page, "What can you do for me?");
    way.mend();
    await untilLine(page, "stop when you interrupt me");
    await untilState(page, "listening");
    await checkLines(page);
  } finally {
    way.mend();
    await close();
  }
});

test("with an open microphone the last half second of it is kept, and the server takes it", async () => {
  const { page, close } = await inCall({ hears: [60], microphone: "microphone" });
  const stats = () => page.evaluate(() => document.querySelector("nova-voice").stats);
  try {
    await page.waitForFunction(() => globalThis.heard.sent > 20);
    way.cut("closed");
    await page.waitForFunction(() => document.querySelector("nova-voice").stats.framesDropped > 20);
    assert.equal((await stats()).returns, 0);
    way.mend();
    await untilState(page, "listening");
    const before = await page.evaluate(() => globalThis.heard.sent);
    await page.waitForFunction((sent) => globalThis.heard.sent > sent + 20, before);
    await ask(page, "What can you do for me?");
    await untilLine(page, "stop when you interrupt me");
    assert.deepEqual(await page.evaluate(() => globalThis.errors), []);
    await checkLines(page);
  } finally {
    way.mend();
    await close();
  }
});
