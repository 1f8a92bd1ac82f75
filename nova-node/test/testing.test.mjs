import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Conversation, Misuse, NovaError } from "bedrock-nova";
import { EmulatorError, startEmulator } from "bedrock-nova/testing";
import { eventually, folder, run, SOON, until } from "./support.mjs";

const within = { timeout: SOON };

/** Runs something with another command than the tests'. */
async function withCommand(path, act) {
  const before = process.env.BEDROCK_NOVA_COMMAND;
  process.env.BEDROCK_NOVA_COMMAND = path;
  try {
    return await act();
  } finally {
    process.env.BEDROCK_NOVA_COMMAND = before;
  }
}

function program(t, script) {
  const file = join(folder(t), "bedrock-nova");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test("an emulator says where it is, and is gone afterwards", within, async () => {
  const emulator = await startEmulator({ accessKey: "AKIDOURS", secretKey: "ours", strict: true, clock: 60 });
  assert.match(emulator.url, /^https:\/\/localhost:\d+$/);
  assert.match(emulator.h2cUrl, /^http:/);
  assert.equal(emulator.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME, emulator.url);
  assert.deepEqual(emulator.credentials, { accessKeyId: "AKIDOURS", secretAccessKey: "ours" });
  await using talk = await Conversation.connect({ service: emulator.service() });
  await until(talk, "connected");
  await talk.close();
  await eventually("its output is read", () => emulator.output.includes("stream 1"));
  await emulator.stop();
  await emulator.stop();
  assert.throws(() => process.kill(emulator.pid, 0), { code: "ESRCH" });
});

test("options that are none are refused, and the command's own refusal is told", within, async () => {
  await assert.rejects(startEmulator({ pase: 4 }), (error) => error instanceof Misuse && /pase/.test(error.message));
  await assert.rejects(startEmulator({ scenario: "no such" }), (error) => {
    return error instanceof EmulatorError && /ended with code \d/.test(error.message) && /no such/.test(error.message);
  });
});

test("a command that is missing or another one is told", within, async (t) => {
  const start = (path) => withCommand(path, () => startEmulator());
  await assert.rejects(start("/no/such/program"), (error) => {
    assert.ok(error instanceof NovaError && error instanceof EmulatorError);
    assert.match(error.message, /BEDROCK_NOVA_COMMAND names \/no\/such\/program/);
    assert.match(error.hint, /npm install --save-dev bedrock-nova-cli/);
    const { name, kind, code, retryable, requestId } = error;
    assert.deepEqual(
      [name, kind, code, retryable, requestId],
      ["EmulatorError", "invalid", "emulator-command", false, null],
    );
    return error.toJSON().hint === error.hint;
  });
  await assert.rejects(start(program(t, "echo words >&2; exit 7")), /ended with code 7. It printed:\nwords/);
  await assert.rejects(start(program(t, "echo '{no json'; cat >/dev/null")), EmulatorError);
});

test("a forgotten emulator keeps nobody alive, and ends with its process", within, async () => {
  const { code, out, err } = await run("forgets.mjs");
  assert.deepEqual([code, err], [0, ""]);
  const gone = () => {
    try {
      process.kill(Number(out), 0);
      return false;
    } catch {
      return true;
    }
  };
  await eventually("the emulator is gone", gone);
});
