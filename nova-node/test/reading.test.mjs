import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, Misuse } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { emulatorOf, SOON, scenario, until } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };

test("leaving the loop closes nothing, and the next one goes on there", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  const numbers = [];
  for (let loops = 0; loops < 5; loops++) {
    for await (const { seq } of talk) {
      numbers.push(seq);
      if (numbers.length % 3 === 0) break;
    }
  }
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, at) => at + 1),
  );
  assert.ok(!talk.ended);
  await until(talk, "turnEnded");
});

test("readers are independent and go on behind a number", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  const { seen } = await until(talk, "turnEnded");
  const again = talk.events();
  assert.deepEqual(
    (await until(again, "turnEnded")).seen.map(({ seq }) => seq),
    seen.map(({ seq }) => seq),
  );
  const behind = await talk.events({ after: seen[4].seq }).next();
  assert.equal(behind.value.seq, seen[5].seq);
  assert.equal(again.position, seen.at(-1).seq);
});

test("narrow views have their own events alone", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  talk.finish();
  const kinds = async (events) => {
    const found = new Set();
    for await (const { type } of events) found.add(type);
    return [...found].sort();
  };
  assert.deepEqual(await kinds(talk.audio()), ["audio", "closed"]);
  assert.deepEqual(await kinds(talk.transcripts()), ["transcript"]);
});

test("two waits at one iterator are told", within, async () => {
  await using talk = await Conversation.connect({ service });
  await until(talk, "connected");
  const events = talk.events({ after: 1_000 });
  const first = events.next();
  await assert.rejects(events.next(), (error) => error instanceof Misuse && error.code === "two-readers");
  events.close();
  assert.deepEqual(await first, { done: true, value: undefined });
});

test("messages are for web sockets", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  talk.finish();
  let frames = 0;
  const texts = [];
  for await (const message of talk.messages({ binary: true })) {
    if (typeof message === "string") texts.push(JSON.parse(message));
    else frames += 1;
  }
  assert.ok(frames > 5 && texts.every(({ type }) => type !== "audio"));
  const sound = [];
  for await (const message of talk.messages({ player: false })) {
    const event = JSON.parse(message);
    if (event.type === "audio") sound.push(Buffer.from(event.pcm, "base64"));
  }
  assert.equal(sound.length, frames);
});

test("server-sent events go on behind the last id", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  talk.finish();
  let body = "";
  for await (const part of talk.sse()) body += part;
  const ids = body.match(/^id: ?\S+$/gm);
  assert.ok(ids.length > 5 && body.includes("event: audio_response"));
  let rest = "";
  for await (const part of talk.sse({ lastEventId: ids[3].slice(3).trim() })) rest += part;
  assert.ok(rest.length < body.length && rest.includes(ids[4]) && !rest.includes(`${ids[3]}\n`));
});

test("a slow consumer holds nobody up and is told what it missed", within, async (t) => {
  const sentence = "And so the long story of the sea goes on and on and never comes to any end at all.";
  const turn = { heard: "Go on.", answer: Array(60).fill(sentence) };
  await using emulator = await startEmulator({ scenario: scenario(t, { turns: [turn, turn] }), pace: 800 });
  await using talk = await Conversation.connect({ service: emulator.service() });
  const [slow, quick] = [talk.events(), talk.events()];
  await slow.next();
  let sent = 0;
  await talk.sendText("Go on.");
  for await (const event of quick) {
    if (event.type === "audio") sent += event.pcm.length;
    if (event.type === "turnEnded") break;
  }
  assert.ok(sent / 48_000 > 130, `only ${sent / 48_000} s of sound`);
  talk.finish();
  const { seen } = await until(slow, "closed");
  const gaps = seen.filter(({ type }) => type === "gap");
  const read = seen.filter(({ type }) => type === "audio").reduce((sum, { pcm }) => sum + pcm.length, 0);
  const missed = gaps.reduce((sum, { audioMs }) => sum + audioMs, 0);
  assert.ok(gaps.length > 0 && missed > 0 && read > 0);
  assert.ok(Math.abs(read + missed * 48 - sent) < 1_000, `${read} + ${missed * 48} of ${sent}`);
});
