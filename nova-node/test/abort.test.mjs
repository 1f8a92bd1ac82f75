import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Conversation } from "bedrock-nova";
import { hub } from "../dist/hub.js";
import { emulatorOf, eventually, SOON, until } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };
const listeners = (signal) => getEventListeners(signal, "abort").length;

test("a signal that is aborted already opens nothing", within, async () => {
  const reason = new Error("changed my mind");
  await assert.rejects(
    Conversation.connect({ service }, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  assert.deepEqual(hub.size.waiters, 0);
});

test("an abort while a call opens rejects with the reason, and hangs up", within, async (t) => {
  const late = await (await import("bedrock-nova/testing")).startEmulator({ switches: { headers: "never" } });
  t.after(() => late.stop());
  const controller = new AbortController();
  const opening = Conversation.connect({ service: late.service() }, { signal: controller.signal });
  await eventually("the stream began", () => late.output.includes("stream 1"));
  controller.abort("no more");
  await assert.rejects(opening, (error) => error === "no more");
  assert.equal(listeners(controller.signal), 0);
  assert.deepEqual(hub.size, { waiters: 0, standing: 0, holds: 0 });
});

test("listeners are gone after each wait, and an abort after the close does nothing", within, async () => {
  const controller = new AbortController();
  const { signal } = controller;
  await using talk = await Conversation.connect({ service }, { signal });
  await talk.sendText("Hello, who are you?", { signal });
  await until(talk.events({ signal }), "turnEnded");
  await talk.snapshot({ signal });
  assert.equal(listeners(signal), 0);
  await talk.close({ signal });
  controller.abort();
  assert.equal((await talk.closed()).reason, "finished");
});

test("a wait for an event that is given up loses nothing", within, async () => {
  await using talk = await Conversation.connect({ service });
  const events = talk.events({ player: true });
  const seen = [];
  let given = 0;
  await talk.sendText("Hello, who are you?");
  for (let over = false; !over; ) {
    const controller = new AbortController();
    const mine = talk.events({ after: events.position, signal: controller.signal });
    const next = mine.next();
    if (++given % 2) queueMicrotask(() => controller.abort());
    await next.catch(() => {});
    const { value } = await events.next();
    seen.push(value.seq);
    over = value.type === "turnEnded";
  }
  assert.deepEqual(
    seen,
    Array.from(seen, (_, at) => at + 1),
  );
});

test("an abort of an iterator is its own, and the call goes on", within, async () => {
  await using talk = await Conversation.connect({ service });
  await until(talk, "connected");
  const controller = new AbortController();
  const waiting = talk.events({ after: 1_000, signal: controller.signal }).next();
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  await talk.sendText("What can you do?");
  await until(talk, "turnEnded");
});
