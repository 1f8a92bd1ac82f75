import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, Misuse } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { emulatorOf, SOON, until } from "./support.mjs";

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
  assert.deepEqual(numbers, Array.from(numbers, (_, at) => at + 1));
  assert.ok(!talk.ended);
  await until(talk, "turnEnded");
});

test("readers are independent and go on behind a number", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  const { seen } = await until(talk, "turnEnded");
  const again = talk.events();
  assert.deepEqual((await until(again, "turnEnded")).seen.map(({ seq }) => seq), seen.map(({ seq }) => seq));
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

test("a slow consumer holds nobody up and is told what it missed", within, async () => {
  await using emulator = await startEmulator({ scenario: "long_answer", pace: 400 });
  await using talk = await Conversation.connect({ service: emulator.service() });
  const slow = talk.events();
  await slow.next();
  let sound = 0;
  // More than the log keeps of sound that was heard, read by the player while the other one does nothing.
  for (let turn = 0; turn < 12; turn++) {
    await talk.sendText("Tell me about the sea.");
    for await (const event of talk) {
      if (event.type === "audio") {
        sound += event.pcm.length;
        talk.played(event.turn, event.offsetMs);
      }
      if (event.type === "turnEnded") break;
    }
  }
  talk.finish();
  await until(talk, "closed");
  const { seen } = await until(slow, "closed");
  const gaps = seen.filter(({ type }) => type === "gap");
  const heard = seen.filter(({ type }) => type === "audio").reduce((sum, { pcm }) => sum + pcm.length, 0);
  const missed = gaps.reduce((sum, { audioMs }) => sum + audioMs, 0);
  assert.ok(gaps.length > 0 && missed > 0, `${sound} bytes fitted`);
  assert.ok(Math.abs(heard + missed * 48 - sound) < sound / 100, `${heard} + ${missed * 48} of ${sound}`);
});
