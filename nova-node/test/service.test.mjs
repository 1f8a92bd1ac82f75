import assert from "node:assert/strict";
import { test } from "node:test";
import { Bedrock, Conversation, Denied, Invalid } from "bedrock-nova";
import { emulatorOf, SOON, until } from "./support.mjs";

const emulator = await emulatorOf({ accessKey: "AKIDOURS", secretKey: "ours" });
const { url: endpointUrl, caBundle, region } = emulator;
const within = { timeout: SOON };
const keys = { accessKeyId: "AKIDOURS", secretAccessKey: "ours" };
const bedrock = (credentials) => new Bedrock({ endpointUrl, caBundle, region, credentials });

async function call(service) {
  await using talk = await Conversation.connect({ service });
  await talk.sendText("Hello, who are you?");
  await until(talk, "turnEnded");
}

test("keys that stay sign", within, async () => {
  const service = bedrock(keys);
  await call(service);
  assert.deepEqual([service.region, service.endpointUrl], [region, endpointUrl]);
  assert.ok(service.connections >= 1);
});

test("a provider is asked, and its answer used until it expires", within, async () => {
  let asked = 0;
  const lasting = bedrock(async () => {
    asked += 1;
    return { ...keys, sessionToken: "token", expiration: new Date(Date.now() + 3_600_000) };
  });
  await call(lasting);
  await call(lasting);
  assert.equal(asked, 1);
  asked = 0;
  // A session of eight minutes would outlive these, so they are not kept.
  const short = bedrock(async () => {
    asked += 1;
    return { ...keys, expiration: new Date(Date.now() + 120_000) };
  });
  await call(short);
  await call(short);
  assert.ok(asked >= 2, `${asked} times`);
});

test("keys that are wrong are refused by the service", within, async () => {
  const wrong = async () => ({ ...keys, secretAccessKey: "theirs" });
  await assert.rejects(Conversation.connect({ service: bedrock(wrong) }), (error) => error instanceof Denied);
});

test("a provider that fails is told in its words", within, async () => {
  for (const [provider, words] of [
    [() => Promise.reject(new Error("the vault is closed")), /the vault is closed/],
    [() => Promise.reject("a word"), /a word/],
    [async () => ({ accessKeyId: "a" }), /accessKeyId and secretAccessKey/],
    [async () => undefined, /undefined/],
    [
      () => {
        throw new Error("at once");
      },
      /at once/,
    ],
    [async () => ({ ...keys, expiration: new Date(0) }), /expired/],
  ]) {
    const failed = (error) => error instanceof Denied && words.test(error.message);
    await assert.rejects(Conversation.connect({ service: bedrock(provider) }), failed, String(words));
  }
});

test("keys that are none are refused at once", () => {
  assert.throws(
    () => bedrock({ accessKeyId: "a" }),
    (error) => error instanceof Invalid && error.code === "credentials",
  );
});
