import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import websocket from "@fastify/websocket";
import { ConversationPool, Denied } from "bedrock-nova";
import { noSuchRoute, Refusal, Settings, voice, webSockets } from "bedrock-nova/fastify";
import Fastify from "fastify";
import { WebSocket } from "ws";
import { hub } from "../dist/hub.js";
import { emulatorOf, eventually, SOON } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };
const JSON_TYPE = { "content-type": "application/json" };

/** A server of its own, which listens. */
async function serve(t, options = {}, around = () => {}) {
  const app = Fastify();
  const pool = await ConversationPool.start({ service, conversations: 5 });
  await around(app, pool);
  await app.register(voice, { pool, ...options });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
    await pool.close();
  });
  return { app, pool, url };
}

/** Asks; returns status, headers and what was answered. */
async function ask(url, { method = "POST", body, headers } = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { ...JSON_TYPE, ...headers } };
  const answer = await fetch(url, { method, headers, ...json });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

async function refused(answer, status, code) {
  const { error } = (await answer).body;
  assert.deepEqual(Object.keys(error), ["kind", "code", "message", "retryable", "request_id", "hint"]);
  assert.deepEqual([(await answer).status, error.code], [status, code], error.message);
  return error;
}

const start = async (url, headers) => (await ask(`${url}/session/start`, { body: {}, headers })).body.session_id;

/** Everything that nobody has caught meanwhile. */
function uncaught(t) {
  const caught = [];
  const catches = (error) => caught.push(error);
  process.on("unhandledRejection", catches).on("uncaughtException", catches);
  t.after(() => process.off("unhandledRejection", catches).off("uncaughtException", catches));
  return caught;
}

test("it stands beside an application's own routes and leaves them alone", within, async (t) => {
  const { url } = await serve(t, { prefix: "/voice" }, (app) => {
    app.addContentTypeParser("text/csv", { parseAs: "string" }, async (_, text) => text.split(","));
    app.post("/own", async (request) => ({ body: request.body }));
    app.post("/fails", async () => {
      throw new Error("mine");
    });
  });
  const own = async (type, body) =>
    (await fetch(`${url}/own`, { method: "POST", headers: { "content-type": type }, body })).json();
  assert.deepEqual(await own("application/json", '{"a":1}'), { body: { a: 1 } });
  assert.deepEqual(await own("text/csv", "a,b"), { body: ["a", "b"] });
  assert.equal((await own("text/odd", "a")).code, "FST_ERR_CTP_INVALID_MEDIA_TYPE");
  assert.equal((await ask(`${url}/fails`)).body.message, "mine");
  assert.equal((await ask(`${url}/nowhere`, { method: "GET" })).body.error, "Not Found");

  assert.equal((await ask(`${url}/voice/health`, { method: "GET" })).body.status, "ok");
  await refused(ask(`${url}/voice/nowhere`), 404, "no-such-route");
  const other = ask(`${url}/voice/session/some`, { method: "PUT" });
  await refused(other, 405, "method");
  assert.equal((await other).headers.get("allow"), "GET, DELETE");
  await refused(ask(`${url}/voice/text`, { body: { text: "Hello?" } }), 400, "request");
  await refused(ask(`${url}/voice/text`, { body: {}, headers: { "content-type": "no type" } }), 400, "request");
  await refused(ask(`${url}/voice/text`, { body: {}, headers: { "content-type": "text/csv" } }), 400, "request");
  await refused(ask(`${url}/voice/ws/some`, { method: "GET" }), 400, "request");
  const head = await fetch(`${url}/voice/health`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("an application may have its form for all paths that are not there", within, async (t) => {
  const { url } = await serve(t, {}, (app) => app.setNotFoundHandler(noSuchRoute));
  await refused(ask(`${url}/nowhere`, { method: "GET" }), 404, "no-such-route");
  await refused(ask(`${url}/text`, { method: "OPTIONS" }), 405, "method");
});

test("an application's own people are owners, and strangers are told what it says", within, async (t) => {
  const people = { ann: "ann", bob: "bob" };
  const owner = async (request) => {
    const name = people[request.headers["x-who"]];
    if (request.headers["x-who"] === "plugin") throw Object.assign(new Error("No session."), { statusCode: 401 });
    if (request.headers["x-who"] === "library") throw new Denied("Not you.", { code: "no-credentials" });
    if (request.headers["x-who"] === "bug") throw new TypeError("a secret");
    if (name === undefined)
      throw new Refusal(401, "Who are you?", { code: "who", authenticate: "Own", hint: "Say it." });
    return name;
  };
  const { url } = await serve(t, { owner });
  const session = await start(url, { "x-who": "ann" });
  const state = (who) => ask(`${url}/session/${session}`, { method: "GET", headers: { "x-who": who } });
  assert.equal((await state("ann")).body.session_id, session);
  await refused(state("bob"), 404, "no-such-call");
  const stranger = state("nobody");
  assert.equal((await refused(stranger, 401, "who")).hint, "Say it.");
  assert.equal((await stranger).headers.get("www-authenticate"), "Own");
  assert.equal((await refused(state("plugin"), 401, "owner")).message, "No session.");
  await refused(state("library"), 502, "no-credentials");
  assert.doesNotMatch(JSON.stringify(await refused(state("bug"), 500, "bug")), /secret/);
  assert.equal((await ask(`${url}/health`, { method: "GET" })).status, 200, "health asks nobody");

  // A browser's stream and socket have a ticket in its place.
  const about = { body: { session_id: session }, headers: { "x-who": "ann" } };
  const { ticket } = (await ask(`${url}/ticket`, about)).body;
  const stream = await fetch(`${url}/events/stream/${session}?ticket=${ticket}`);
  assert.match(stream.headers.get("content-type"), /^text\/event-stream/);
  await stream.body.cancel();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/${session}?ticket=${ticket}`);
  assert.equal(JSON.parse((await once(socket, "message"))[0]).type, "connected");
  socket.close();
  const unknown = new WebSocket(`${url.replace("http", "ws")}/ws/${session}`);
  const [message] = await once(unknown, "message");
  assert.equal(JSON.parse(message).error.code, "who");
  const [code, reason] = await once(unknown, "close");
  assert.deepEqual([code, reason.toString()], [4401, "who"]);
});

test("who guesses is slowed down, as everybody is", within, async (t) => {
  const owner = () => {
    throw new Refusal(401, "Who are you?");
  };
  const { url } = await serve(t, { owner, rate: { perSecond: 0.01, burst: 2 } });
  for (const status of [401, 401, 429]) {
    assert.equal((await ask(`${url}/session/any`, { method: "GET" })).status, status);
  }
});

test("tokens know owners", within, async (t) => {
  const { url } = await serve(t, { tokens: { secret: "ann" } });
  const without = ask(`${url}/session/start`, { body: {} });
  await refused(without, 401, "token");
  assert.equal((await without).headers.get("www-authenticate"), "Bearer");
  assert.ok(await start(url, { authorization: "Bearer secret" }));
});

test("a body has a bound, which is told to who sends more", within, async (t) => {
  const { url } = await serve(t, { largestBody: 1000 });
  const session = await start(url);
  const text = (letters) => ({ body: { session_id: session, text: "a".repeat(letters) } });
  assert.equal((await ask(`${url}/text`, text(500))).status, 200);
  await refused(ask(`${url}/text`, text(2000)), 413, "body-too-large");
  // Also where its length was not said.
  const pieces = new ReadableStream({
    pull(to) {
      to.enqueue(new Uint8Array(300));
      if (++this.sent === 6) to.close();
    },
    sent: 0,
  });
  const sent = fetch(`${url}/text`, { method: "POST", headers: JSON_TYPE, body: pieces, duplex: "half" });
  assert.equal((await (await sent).json()).error.code, "body-too-large");
});

test("a client may vanish in the middle of anything", within, async (t) => {
  const caught = uncaught(t);
  const { app, url } = await serve(t);
  const before = hub.size;
  const session = await start(url);
  await ask(`${url}/text`, { body: { session_id: session, text: "Hello, who are you?" } });

  const leave = new AbortController();
  const stream = await fetch(`${url}/events/stream/${session}`, { signal: leave.signal });
  await stream.body.getReader().read();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/${session}`);
  await once(socket, "message");
  const upload = connect(new URL(url).port, "127.0.0.1");
  upload.write(`POST /text HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"`);
  const early = connect(new URL(url).port, "127.0.0.1");
  early.write(`GET /events/stream/${session} HTTP/1.1\r\nhost: here\r\n\r\n`);
  await eventually("all are there", async () => (await count(app)) >= 4);
  // The second half of an answer is on its way when nobody is there any more.
  leave.abort();
  socket.terminate();
  upload.destroy();
  early.destroy();
  // Those that `fetch` keeps for its next request stay.
  await eventually("all are gone", async () => (await count(app)) <= 2);
  await eventually("nobody waits", () => hub.size.waiters <= before.waiters);
  assert.equal((await ask(`${url}/session/${session}`, { method: "GET" })).body.status, "active");
  assert.deepEqual(caught, []);
});

test("whoever does not read holds up nobody, and is not sent into memory", within, async (t) => {
  const talkative = (await emulatorOf({ scenario: "long_answer", pace: 40 })).service();
  const app = Fastify();
  const pool = await ConversationPool.start({ service: talkative });
  await app.register(voice, { pool });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
    await pool.close();
  });
  const session = await start(url);
  // Not by a connection, which could hold some megabytes by itself.
  const asked = { url: `/events/stream/${session}?player=false`, payloadAsStream: true };
  const slow = (await app.inject(asked)).stream();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/${session}`);
  const all = [];
  socket.on("message", (message) => all.push(JSON.parse(message)));
  let sound = 0;
  for (const text of ["Tell me something about the sea.", "Tell me something about the sea."]) {
    const { length } = all;
    await ask(`${url}/text`, { body: { session_id: session, text } });
    await eventually("the answer", () => all.slice(length).some(({ type }) => type === "turnEnded"));
  }
  for (const { type, pcm } of all) if (type === "audio") sound += pcm.length;
  assert.ok(sound > 1_000_000, `${sound} bytes`);
  assert.ok(slow.readableLength < 200_000, `${slow.readableLength} bytes wait`);
  // It reads on, and has missed nothing.
  let text = "";
  slow.setEncoding("utf8").on("data", (data) => {
    text += data;
  });
  await eventually("all of it", () => text.match(/event: turnEnded/g)?.length === 2);
  assert.doesNotMatch(text, /event: gap/);
  slow.destroy();
  socket.terminate();
});

const count = (app) => new Promise((resolve) => app.server.getConnections((_, number) => resolve(number)));

test("a WebSocket speaks in both directions, and the best subprotocol is agreed on", within, async (t) => {
  const { url } = await serve(t, { prefix: "/voice" });
  const session = await start(`${url}/voice`);
  const offered = ["other", "bedrock-nova.v1", "bedrock-nova.binary.v1"];
  const socket = new WebSocket(`${url.replace("http", "ws")}/voice/ws/${session}`, offered);
  // Said before anybody has looked: it is kept.
  socket.once("open", () => socket.send('{"type":"text","text":"What can you do?"}'));
  const seen = new Set();
  for await (const [message, binary] of on(socket)) {
    const type = binary ? "frame" : JSON.parse(message).type;
    seen.add(type);
    if (type === "turnEnded") socket.send('{"type":"sing"}');
    if (type === "error") socket.send('{"type":"finish"}');
  }
  assert.equal(socket.protocol, "bedrock-nova.binary.v1");
  assert.deepEqual(
    ["frame", "error", "closed"].filter((type) => seen.has(type)),
    ["frame", "error", "closed"],
  );
  assert.ok(!seen.has("audio"));
});

/** The messages of a socket to its normal end. */
async function* on(socket) {
  const messages = [];
  let wake = () => {};
  let code;
  socket.on("message", (...message) => {
    messages.push(message);
    wake();
  });
  socket.on("close", (its) => {
    code = its;
    wake();
  });
  while (code === undefined || messages.length > 0) {
    if (messages.length > 0) yield messages.shift();
    else
      await new Promise((resolve) => {
        wake = resolve;
      });
  }
  assert.equal(code, 1000);
}

test("an application may have sockets of its own", within, async (t) => {
  const { url } = await serve(t, {}, async (app) => {
    await app.register(websocket, webSockets());
    app.get("/echo", { websocket: true }, (socket) => socket.on("message", (message) => socket.send(message)));
  });
  const address = url.replace("http", "ws");
  const echo = new WebSocket(`${address}/echo`);
  await once(echo, "open");
  echo.send("a");
  assert.equal(String((await once(echo, "message"))[0]), "a");
  echo.close();
  const socket = new WebSocket(`${address}/ws/${await start(url)}`, ["bedrock-nova.v1", "bedrock-nova.binary.v1"]);
  await once(socket, "message");
  assert.equal(socket.protocol, "bedrock-nova.binary.v1");
  socket.close();
});

test("whoever says nothing at all is gone, and whoever is there is asked whether", within, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { url } = await serve(t);
  const session = await start(url);
  const open = async (options) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/${session}`, options);
    await once(socket, "message");
    return socket;
  };
  const [polite, silent] = [await open({}), await open({ autoPong: false })];
  let ended;
  silent.once("close", (code) => {
    ended = code;
  });
  for (let pings = 1; pings <= 3; pings++) {
    const asked = Promise.all([once(polite, "ping"), once(silent, "ping")]);
    t.mock.timers.tick(20_000);
    await asked;
    // Its answer has arrived when this one was.
    polite.send('{"type":"sing"}');
    await once(polite, "message");
    assert.equal(ended, undefined);
  }
  const cut = once(silent, "close");
  t.mock.timers.tick(20_000);
  assert.deepEqual((await cut)[0], 1006);
  assert.equal(polite.readyState, WebSocket.OPEN);
  polite.terminate();
});

test("settings are those of every server", within, async (t) => {
  assert.throws(() => Settings.fromEnvironment({ PORT: "70000" }), {
    name: "Invalid",
    code: "configuration",
    message: 'PORT must be a port, not "70000".',
  });
  const settings = Settings.fromEnvironment({
    BEDROCK_NOVA_ENDPOINT: "emulator",
    MAX_SESSIONS: "3",
    MAX_SESSIONS_PER_OWNER: "1",
    SESSION_STORE: "somewhere",
    INSTANCE_URL: "http://here",
    DRAIN_SECONDS: "1.5",
    CORS_ORIGINS: "https://example.org",
    AUTH_TOKENS: "a=ann,b=bob",
    LOG_LEVEL: "WARNING",
    EMULATOR_SCENARIO: "tools",
  });
  assert.deepEqual(settings.pool, {
    conversations: 3,
    perOwner: 1,
    idle: 120_000,
    store: "somewhere",
    hint: "http://here",
    lease: 15_000,
  });
  assert.deepEqual(settings.emulator, { scenario: "tools", pace: 4 });
  assert.deepEqual(settings.cors.origin, ["https://example.org"]);
  assert.deepEqual([settings.drain, settings.logLevel, settings.endpoint], [1500, "warn", "emulator"]);
  const { url } = await serve(t, { settings });
  assert.equal((await ask(`${url}/health`, { method: "GET" })).body.endpoint, "emulator");
  await refused(ask(`${url}/session/start`, { body: {} }), 401, "token");
  assert.ok(await start(url, { authorization: "Bearer b" }));
  assert.deepEqual(Settings.fromEnvironment({}).listen, { host: "127.0.0.1", port: 8000 });
});

test("what it cannot be is said at once", within, async () => {
  const pool = await ConversationPool.start({ service, tools: { there: { description: "", inputSchema: {} } } });
  const registered = async (options) => await Fastify().register(voice, options).ready();
  await assert.rejects(registered({}), { name: "Misuse", message: "The voice plugin needs a pool." });
  await assert.rejects(registered({ pool }), { name: "Misuse", message: "The pool's tool there runs nowhere." });
  await assert.rejects(registered({ pool, defualts: {} }), { message: "The voice plugin has no option `defualts`." });
  await assert.rejects(registered({ pool: await pool2(), defaults: { voise: "a" } }), { code: "options" });
  await pool.close();
  await assert.rejects(registered({ pool: await closed() }), { name: "Misuse", code: "not-open" });
});

const pool2 = () => ConversationPool.start({ service });

async function closed() {
  const pool = await pool2();
  await pool.close();
  return pool;
}

test("the page is served where it is wanted", within, async (t) => {
  const { url } = await serve(t, { page: "root", prefix: "/voice" });
  const page = await fetch(`${url}/voice/`);
  assert.match(await page.text(), /<nova-voice src="ws\/"/);
  assert.match(page.headers.get("content-security-policy"), /default-src 'none'/);
  const again = await fetch(`${url}/voice/nova-voice.js`, { headers: { "if-none-match": "*" } });
  assert.equal(again.status, 304);
  const bare = await serve(t);
  assert.equal((await fetch(bare.url)).status, 404);
});
