import assert from "node:assert/strict";
import { test } from "node:test";
import { readError } from "../src/protocol/errors.js";
import { readSound, voiceFrame } from "../src/protocol/frames.js";

test("a piece of the user's voice has eight bytes in front", () => {
  const bytes = new Uint8Array(voiceFrame(Int16Array.of(1, -2), 16000));
  assert.deepEqual([...bytes], [1, 2, 0, 0, 0x80, 0x3e, 0, 0, 1, 0, 0xfe, 0xff]);
});

test("a piece of the assistant's voice is read in place", () => {
  const bytes = [1, 1, 0, 0, 0xc0, 0x5d, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0];
  const message = Uint8Array.from([...bytes, 5, 0, 0xff, 0xff]).buffer;
  const sound = readSound(message)!;
  assert.deepEqual({ ...sound, pcm: [...sound.pcm] }, { rate: 24000, seq: 263, turn: 2, offset: 1024, pcm: [5, -1] });
  assert.equal(sound.pcm.buffer, message, "nothing is copied");
});

test("what is not known is passed over", () => {
  const good = new Uint8Array(32);
  good.set([1, 1]);
  assert.ok(readSound(good.buffer));
  for (const [at, value] of [
    [0, 2],
    [1, 2],
  ] as const) {
    const bad = good.slice();
    bad[at] = value;
    assert.equal(readSound(bad.buffer), undefined);
  }
  assert.equal(readSound(new ArrayBuffer(31)), undefined);
  assert.equal(readSound(new ArrayBuffer(0)), undefined);
  assert.equal(readSound(new ArrayBuffer(33)), undefined);
});

test("errors are read in both spellings", () => {
  const fields = {
    kind: "invalid",
    code: "no-such-call",
    message: "There is no call.",
    retryable: false,
    hint: "It is over.",
  };
  for (const told of [
    { ...fields, request_id: "r" },
    { ...fields, requestId: "r" },
  ]) {
    const error = readError(told)!;
    assert.deepEqual(
      [error.kind, error.code, error.message, error.retryable, error.requestId, error.hint],
      ["invalid", "no-such-call", "There is no call.", false, "r", "It is over."],
    );
  }
  for (const other of [null, undefined, "text", 5, {}, { kind: "x" }]) assert.equal(readError(other), undefined);
});
