import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { emulatorOf, SOON, until, voice } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };

test("a voice is piped in, and the answer out", within, async () => {
  await using talk = await Conversation.connect({ service });
  const question = new Uint8Array(voice(1.5).buffer);
  const pieces = Array.from({ length: 15 }, (_, at) => question.subarray(at * 3_200, (at + 1) * 3_200));
  await ReadableStream.from(pieces).pipeTo(talk.audioIn);
  let bytes = 0;
  const ended = until(talk.events(), "turnEnded").then(() => talk.finish());
  for await (const pcm of talk.audioOut) bytes += pcm.length;
  await ended;
  assert.ok(bytes > 24_000, `${bytes} bytes`);
  assert.equal(talk.audioIn, talk.audioIn);
});

test("what the other end takes counts as played, and an interruption takes the rest away", within, async () => {
  await using emulator = await startEmulator({ scenario: "long_answer", pace: 40 });
  await using talk = await Conversation.connect({ service: emulator.service() });
  await talk.sendText("Tell me about the sea.");
  const reader = talk.audioOut.getReader();
  let heardMs = 0;
  while (heardMs < 1_000) heardMs += (await reader.read()).value.length / 48;
  void reader.read();
  talk.interrupt();
  const { event } = await until(talk.events(), "interrupted");
  assert.ok(Math.abs(event.heardMs - heardMs) < 400, `${event.heardMs} of ${heardMs}`);
  await reader.cancel();
});

test("a stream ends with its call", within, async () => {
  const talk = await Conversation.connect({ service });
  const reader = talk.audioOut.getReader();
  const waiting = reader.read();
  await talk.close();
  assert.equal((await waiting).done, true);
  const writer = talk.audioIn.getWriter();
  writer.closed.catch(() => {});
  await assert.rejects(writer.write(voice(1)), { name: "CallClosed" });
  talk.drop();
});
