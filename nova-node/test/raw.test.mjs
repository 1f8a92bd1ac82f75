import assert from "node:assert/strict";
import { test } from "node:test";
import { CallClosed, Invalid, Misuse, RawSession } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { hub } from "../dist/hub.js";
import { emulatorOf, eventually, SOON, voice } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };
const event = (name, fields) => ({ event: { [name]: fields } });

const OPENING = [
  event("sessionStart", { inferenceConfiguration: { maxTokens: 1024, topP: 0.9, temperature: 0.7 } }),
  event("promptStart", {
    promptName: "p",
    textOutputConfiguration: { mediaType: "text/plain" },
    audioOutputConfiguration: {
      mediaType: "audio/lpcm",
      sampleRateHertz: 24000,
      sampleSizeBits: 16,
      channelCount: 1,
      voiceId: "matthew",
      encoding: "base64",
      audioType: "SPEECH",
    },
  }),
  event("contentStart", {
    promptName: "p",
    contentName: "s",
    type: "TEXT",
    interactive: false,
    role: "SYSTEM",
    textInputConfiguration: { mediaType: "text/plain" },
  }),
  event("textInput", { promptName: "p", contentName: "s", content: "Be short." }),
  event("contentEnd", { promptName: "p", contentName: "s" }),
];

const AUDIO = event("contentStart", {
  promptName: "p",
  contentName: "a",
  type: "AUDIO",
  interactive: true,
  role: "USER",
  audioInputConfiguration: {
    mediaType: "audio/lpcm",
    sampleRateHertz: 16000,
    sampleSizeBits: 16,
    channelCount: 1,
    audioType: "SPEECH",
    encoding: "base64",
  },
});

const sound = (pcm) => event("audioInput", { promptName: "p", contentName: "a", content: pcm.toString("base64") });

test("a spoken question is answered", within, async () => {
  await using session = await RawSession.open({ opening: OPENING, service });
  assert.match(session.requestId, /^[0-9a-f-]{36}$/);
  await session.send(JSON.stringify(AUDIO));
  for (const pcm of [Buffer.from(voice(1).buffer), Buffer.alloc(96_000)]) {
    for (let at = 0; at < pcm.length; at += 3_200) await session.send(sound(pcm.subarray(at, at + 3_200)));
  }
  const names = [];
  for await (const { event } of session) {
    names.push(Object.keys(event)[0]);
    if (names.at(-1) === "audioOutput") break;
  }
  assert.ok(names.includes("textOutput"));
  await session.send(event("contentEnd", { promptName: "p", contentName: "a" }));
  await session.send(event("promptEnd", { promptName: "p" }));
  await session.send(event("sessionEnd", {}));
  session.finish();
  for await (const _ of session);
  await assert.rejects(session.send(AUDIO), CallClosed);
});

test("misuse is told by rule, is not sent, and changes nothing", within, async () => {
  await using session = await RawSession.open({ opening: OPENING, service });
  await assert.rejects(
    session.send(sound(Buffer.alloc(320))),
    (error) => error instanceof Misuse && error.code !== "misuse" && error.message.length > 20,
  );
  await assert.rejects(session.send("no json"), Invalid);
  await assert.rejects(session.send(7), Invalid);
  await session.send(AUDIO);
  await assert.rejects(session.send(event("contentEnd", { promptName: "q", contentName: "a" })), {
    code: "prompt-name",
  });
  await session.send(sound(Buffer.alloc(320)));
});

test("an opening out of order opens nothing", within, async () => {
  await assert.rejects(RawSession.open({ opening: OPENING.toReversed(), service }), Misuse);
});

test("without order everything goes out, and the service says what it thinks", within, async () => {
  await using session = await RawSession.open({ opening: OPENING, ordered: false, service });
  await session.send(event("promptEnd", { promptName: "other" }));
  await session.send("no json").catch(() => {});
  await assert.rejects(
    async () => {
      for await (const _ of session);
    },
    (error) => error.name !== "Bug" && error.message.length > 10,
  );
});

test("a retired model names the one to use instead", within, async () => {
  await using retired = await startEmulator({ switches: { "model-v1": "retired" } });
  const opening = RawSession.open({ opening: OPENING, model: "amazon.nova-sonic-v1:0", service: retired.service() });
  await assert.rejects(opening, (error) => error.name === "ModelRetired" && /nova-2/.test(error.hint));
});

test("a dropped session keeps nothing alive", within, async () => {
  const session = await RawSession.open({ opening: OPENING, service });
  const waiting = session.next();
  session.drop();
  await assert.rejects(waiting, Misuse);
  await eventually("nothing is held", () => hub.size.holds === 0);
});
