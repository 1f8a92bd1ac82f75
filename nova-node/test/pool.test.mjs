import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { test } from "node:test";
import {
  Conversation,
  ConversationPool,
  Invalid,
  LimitReached,
  Misuse,
  metrics,
  tool,
  Unavailable,
} from "bedrock-nova";
import { hub } from "../dist/hub.js";
import { emulatorOf, eventually, folder, SOON, until } from "./support.mjs";

const service = (await emulatorOf()).service();
const toolService = (await emulatorOf({ scenario: "tools" })).service();
const within = { timeout: SOON };
const getWeather = tool({
  description: "Tells the weather.",
  input: { type: "object", properties: { city: { type: "string" } } },
  run: () => ({ temperature: 11 }),
});

test("calls are found by id and owner", within, async () => {
  await using pool = await ConversationPool.start({ service, conversations: 2, perOwner: 1 });
  const call = await pool.open("ada", { system: "Be short." });
  assert.deepEqual([call.owner, pool.calls("ada"), pool.calls("bob")], ["ada", [call.id], []]);
  const same = pool.get(call.id, "ada");
  assert.equal(same.id, call.id);
  assert.throws(
    () => pool.get(call.id, "bob"),
    (error) => {
      return error instanceof Invalid && error.code === "no-such-call" && error.status === 404;
    },
  );
  assert.deepEqual(await pool.locate(call.id, "ada"), { where: "here" });
  await assert.rejects(pool.open("ada"), (error) => error instanceof LimitReached && error.code === "owner-full");
  await pool.open("bob");
  await assert.rejects(pool.open("cid"), (error) => error.code === "pool-full" && error.status === 429);
  assert.deepEqual(pool.stats(), { live: 2, opening: 0, limit: 2, draining: false });
  await same.sendText("What can you do?");
  await until(call, "turnEnded");
  const drained = await pool.drain({ deadline: 0 });
  assert.equal(drained.finished + drained.closed + drained.dropped, 2);
  await assert.rejects(pool.open("dan"), (error) => error.code === "draining");
});

test("a call that nobody holds ends, and one that somebody holds does not", within, async () => {
  await using pool = await ConversationPool.start({ service, idle: 100 });
  const held = await pool.open("ada");
  const { id } = await (async () => {
    const forgotten = await pool.open("bob");
    await using _ = forgotten;
    return forgotten;
  })();
  await eventually("the forgotten one ended", () => pool.stats().live === 1);
  assert.throws(() => pool.get(id, "bob"), Invalid);
  await held.sendText("What can you do?");
  await pool.close();
});

test("the pool counts for Prometheus", within, async () => {
  await using pool = await ConversationPool.start({ service });
  await pool.open("ada");
  await pool.close();
  assert.match(metrics(), /^# TYPE bedrock_nova_\w+ \w+$/m);
});

test("a pool that is closed says so, and keeps nothing alive", within, async () => {
  const pool = await ConversationPool.start({ service });
  await pool.open("ada");
  await pool.close();
  await assert.rejects(pool.open("ada"), Misuse);
  assert.throws(() => pool.stats(), Misuse);
  await pool[Symbol.asyncDispose]();
  await eventually("nothing is held", () => hub.size.holds === 0);
});

for (const [kind, place] of [
  ["a folder", async (t) => folder(t)],
  ["a Redis", redis],
]) {
  test(`another pool takes over what was left in ${kind}, with its tools`, within, async (t) => {
    const settings = { service: toolService, store: await place(t), lease: 2_000, tools: { get_weather: getWeather } };
    const first = await ConversationPool.start({ ...settings, hint: "first" });
    const second = await ConversationPool.start({ ...settings, hint: "second" });
    const call = await first.open("ada", { history: [{ role: "user", text: "My name is Ada." }] });
    await until(call, "connected");
    const { where, hint, remainingMs } = await second.locate(call.id, "ada");
    assert.ok(where === "elsewhere" && hint === "first" && remainingMs > 0);
    await assert.rejects(second.resume(call.id, "ada"), (error) => {
      return error instanceof Unavailable && error.code === "held-elsewhere";
    });
    await assert.rejects(second.resume(call.id, "bob"), Invalid);
    const drained = await first.drain({ deadline: 0 });
    assert.equal(drained.parked, 1);
    assert.deepEqual(await second.locate(call.id, "ada"), { where: "left" });
    const again = await second.resume(call.id, "ada");
    assert.deepEqual([again.id, again.owner], [call.id, "ada"]);
    await again.sendText("What is the weather like?");
    const { seen } = await until(again, "turnEnded");
    assert.equal(seen.find(({ type }) => type === "toolDone").outcome, "answered");
    assert.match((await again.snapshot()).history[0].text, /Ada/);
    await second.close();
    await first.close();
  });
}

test("a store that is not there is told", within, async () => {
  const nowhere = ConversationPool.start({ service, store: "redis://127.0.0.1:9" });
  await assert.rejects(nowhere, (error) => error instanceof Unavailable || error instanceof Invalid);
});

test("a call of a pool begins from a snapshot", within, async () => {
  const talk = await Conversation.connect({ service, history: [{ role: "user", text: "My name is Ada." }] });
  const snapshot = await talk.park();
  talk.drop();
  await using pool = await ConversationPool.start({ service });
  const call = await pool.openFrom("ada", JSON.stringify(snapshot));
  assert.equal((await call.snapshot()).history[0].text, "My name is Ada.");
  await pool.close();
});

/** Starts a Redis of its own for a test. */
async function redis(t) {
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const words = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder(t)];
  const server = spawn("redis-server", words.map(String), { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => server.kill());
  let said = "";
  server.stdout.on("data", (data) => (said += data));
  await eventually("redis-server is ready", () => said.includes("Ready to accept connections"));
  return `redis://127.0.0.1:${port}`;
}
