import assert from "node:assert/strict";
import { test } from "node:test";
import { CallClosed, Conversation, Invalid, LimitReached, Misuse, models, version, voices } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { emulatorOf, SOON, until, voice } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };

test("a typed question is answered aloud", within, async () => {
  await using talk = await Conversation.connect({ service, system: "Be short.", voice: "tiffany" });
  await talk.sendText("Hello, who are you?");
  const { seen } = await until(talk, "turnEnded");
  const sound = seen.filter((event) => event.type === "audio");
  assert.ok(sound.length > 5 && sound.every(({ pcm, rate }) => Buffer.isBuffer(pcm) && rate === 24_000));
  assert.ok(
    sound.some(({ pcm }) => pcm.some((byte) => byte > 20)),
    "it is no silence",
  );
  assert.deepEqual(
    sound.map(({ offsetMs }) => offsetMs),
    sound.map(({ offsetMs }) => offsetMs).toSorted((a, b) => a - b),
  );
  const lines = seen.filter((event) => event.type === "transcript").map(({ role, text }) => `${role}: ${text}`);
  assert.equal(lines[0], "user: Hello, who are you?");
  assert.match(lines.at(-1), /^assistant: Hello! I am a small voice/);
  talk.finish();
  const { event } = await until(talk, "closed");
  assert.deepEqual([event.reason, event.error, event.unsent.texts], ["finished", null, []]);
});

test("a spoken question is answered, whatever holds the samples", within, async () => {
  const question = voice(1.5);
  const bytes = new Uint8Array(question.buffer);
  const ask = async (pcm) => {
    await using talk = await Conversation.connect({ service });
    await talk.sendAudio(pcm);
    await talk.sendAudio(new Uint8Array());
    const { seen } = await until(talk, "turnEnded");
    assert.ok(seen.some(({ type }) => type === "userSpeechEnded") && seen.some(({ type }) => type === "audio"));
  };
  await Promise.all([question, bytes, Buffer.from(bytes), question.buffer].map(ask));
});

test("samples may begin inside a buffer", within, async () => {
  const whole = voice(2);
  await using talk = await Conversation.connect({ service });
  await talk.sendAudio(whole.subarray(8_000));
  await until(talk, "userSpeechEnded");
});

test("a file waits for room, live audio is refused", within, async () => {
  await using talk = await Conversation.connect({ service });
  const minute = voice(60);
  const controller = new AbortController();
  const sent = talk.sendAudio(minute, { signal: controller.signal });
  const refused = assert.throws.bind(null, () => talk.trySendAudio(minute));
  refused((error) => error instanceof LimitReached && error.hint.length > 10);
  const stats = await talk.stats();
  assert.ok(stats.audioPiecesWaiting > 0 || stats.call.audioWaitingMs > 0);
  controller.abort();
  await assert.rejects(sent, { name: "AbortError" });
  talk.drop();
});

test("an answer is interrupted", within, async () => {
  await using emulator = await startEmulator({ scenario: "long_answer", pace: 40 });
  await using talk = await Conversation.connect({ service: emulator.service() });
  await talk.sendText("Tell me about the sea.");
  await until(talk, "audio");
  talk.interrupt();
  const { event } = await until(talk, "interrupted");
  assert.equal(event.turn, 1);
  assert.equal((await until(talk, "turnEnded")).event.end, "interrupted");
});

test("the assistant speaks first", within, async () => {
  await using talk = await Conversation.connect({ service, greeting: "Greet the caller." });
  const { event } = await until(talk, "turnEnded");
  assert.equal(event.end, "answered");
  await talk.greet("Say hello again.");
  assert.equal((await until(talk, "turnEnded")).event.turn, 2);
});

test("usage is counted", within, async () => {
  await using talk = await Conversation.connect({ service });
  assert.equal(talk.latestUsage, null);
  await talk.sendText("What can you do?");
  await until(talk, "turnEnded");
  const usage = await talk.usage();
  assert.ok(usage.tokens.speechOut > 0 && usage.timeMs > 0 && /^0\.\d+$/.test(usage.cost));
  assert.ok(talk.latestUsage.tokens.textIn > 0 && talk.elapsedMs > 0 && talk.inputRate === 16_000);
});

test("the end is told once, and a call that is over says so", within, async () => {
  const talk = await Conversation.connect({ service });
  const closed = talk.closed();
  await talk.close();
  const { reason, unsent, error } = await closed;
  assert.deepEqual([reason, error, unsent.pcm.length], ["finished", null, 0]);
  await talk.close();
  await assert.rejects(talk.sendText("Hello?"), (error) => error instanceof CallClosed && error.status === 409);
  talk.drop();
  talk.drop();
  await assert.rejects(talk.sendText("Hello?"), (error) => error instanceof Misuse && error.code === "not-open");
  assert.throws(() => talk.events(), Misuse);
});

test("a call that is dropped is over for whoever waits for it", within, async () => {
  const talk = await Conversation.connect({ service });
  const [closed, events] = [talk.closed(), talk.events()];
  await until(events, "connected");
  const [next, sent] = [events.next(), talk.sendAudio(voice(60))];
  talk.drop();
  const { reason, error } = await closed;
  assert.deepEqual([reason, error.kind], ["failed", "closed"]);
  assert.equal((await next).done, true);
  await assert.rejects(sent, CallClosed);
});

test("the death of the service is told with what was never sent", within, async () => {
  await using emulator = await startEmulator({ pace: 40 });
  const talk = await Conversation.connect({ service: emulator.service(), timeouts: { recover: 300 } });
  const waiting = assert.rejects(talk.sendAudio(voice(20)), CallClosed);
  process.kill(emulator.pid, "SIGKILL");
  const { reason, error, unsent } = await talk.closed();
  await waiting;
  assert.equal(reason, "failed");
  assert.ok(["transport", "timeout"].includes(error.kind) && error.retryable && error.message.endsWith("."));
  assert.ok(unsent.pcm.length > 0 && Math.abs(unsent.audioMs - unsent.pcm.length / 32) < 10);
  talk.drop();
});

test("options are checked before anything is sent", within, async () => {
  for (const [options, code, name] of [
    [{ voise: "tiffany" }, "options", /voise/],
    [{ inputRate: 44_100 }, "options", /44100|rate/i],
    [{ timeouts: { connect: -1 } }, "argument", /timeouts\.connect/],
    [{ budget: { cost: { hard: 0.25 } } }, "options", /budget\.cost/],
    [{ tools: { a: {} } }, "tools", /a is no tool/],
    [{ temperature: 7 }, undefined, /temperature/i],
  ]) {
    await assert.rejects(
      Conversation.connect({ service, ...options }),
      (error) => /^(Invalid|Misuse)$/.test(error.name) && (!code || error.code === code) && name.test(error.message),
      JSON.stringify(options),
    );
  }
});

test("arguments are refused by name", within, async () => {
  await using talk = await Conversation.connect({ service });
  await assert.rejects(
    talk.sendText(5),
    (error) => error instanceof Invalid && /text is a string, not the number 5/.test(error),
  );
  await assert.rejects(
    talk.sendAudio("sound"),
    (error) => error instanceof Invalid && /Uint8Array/.test(error.message),
  );
  assert.throws(() => talk.trySendAudio(null), Invalid);
  await assert.rejects(talk.sendAudio(new Float32Array(5)), (error) => {
    assert.equal(error.message, "The audio is a Uint8Array, a Buffer or an Int16Array of PCM, not a Float32Array.");
    assert.match(error.hint, /Int16Array\.from\(.*32767/);
    return error instanceof Invalid;
  });
  assert.throws(() => talk.played("1", 2), Invalid);
  await assert.rejects(talk.close({ timeout: "soon" }), Invalid);
});

test("commands of clients are done", within, async () => {
  await using talk = await Conversation.connect({ service });
  await talk.command(JSON.stringify({ type: "text", text: "Hello, who are you?" }));
  await until(talk, "turnEnded");
  await assert.rejects(talk.command('{"type":"text","txet":"x"}'), Invalid);
  await assert.rejects(talk.command(new Uint8Array([9, 9, 9])), Invalid);
  await talk.command(JSON.stringify({ type: "finish" })).catch(() => talk.finish());
  await until(talk, "closed");
});

test("what is known of the models", () => {
  const [newest] = models().filter(({ id }) => id === "amazon.nova-2-5-sonic");
  assert.ok(newest.sessionSeconds === 480 && newest.voices.some(({ id }) => id === "tiffany"));
  assert.ok(voices().length >= voices(newest.id).length && version.match(/^\d+\.\d+\.\d+/));
});
