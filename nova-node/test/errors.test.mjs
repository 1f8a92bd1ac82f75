import assert from "node:assert/strict";
import { test } from "node:test";
import * as nova from "bedrock-nova";
import { errorOf } from "../dist/errors.js";
import { native } from "../dist/native.js";

test("every kind has a class of its own", () => {
  const classes = new Set();
  for (const kind of native.kinds()) {
    const error = errorOf({ kind, code: "c", message: "It broke.", retryable: true, requestId: "r", hint: "Mend it." });
    assert.ok(error instanceof nova.NovaError && error instanceof Error, kind);
    assert.equal(nova[error.name], error.constructor, `${error.name} is exported`);
    assert.deepEqual(error.toJSON(), {
      kind,
      code: "c",
      message: "It broke.",
      retryable: true,
      requestId: "r",
      hint: "Mend it.",
    });
    assert.ok(error.status >= 400 && error.status < 600);
    classes.add(error.constructor);
  }
  assert.equal(classes.size, native.kinds().length);
});

test("what is left out follows from the kind", () => {
  const { code, retryable, requestId, hint } = new nova.Throttled("Too fast.");
  assert.deepEqual([code, retryable, requestId, hint], ["throttled", true, null, null]);
  assert.equal(new nova.Invalid("No.").retryable, false);
});

test("what lies under an error is its cause", () => {
  const error = errorOf({ kind: "transport", message: "It broke.", cause: "connection refused" });
  assert.equal(error.cause.message, "connection refused");
});

test("a failure of the native half has all six fields, the cause, and the caller in its stack", async () => {
  const service = new nova.Bedrock({ endpointUrl: "ftp://nowhere" });
  await assert.rejects(nova.Conversation.connect({ service }), (error) => {
    assert.ok(error instanceof nova.Invalid);
    assert.deepEqual([error.code, error.retryable, error.status], ["endpoint", false, 500]);
    assert.match(error.message, /ftp:\/\/nowhere/);
    assert.match(error.hint, /https/);
    assert.match(error.stack, /errors\.test/);
    return true;
  });
});

test("nobody there is told as what it is", { timeout: 20_000 }, async () => {
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const service = new nova.Bedrock({ endpointUrl: "http://127.0.0.1:9", region: "us-east-1", credentials });
  const connecting = nova.Conversation.connect({ service, timeouts: { connect: 300, recover: 500 } });
  await assert.rejects(connecting, (error) => error instanceof nova.NovaError && error.retryable);
});

test("the typing of the native half names what is there", () => {
  const methods = {
    Bell: ["listen", "rest", "answer"],
    Op: ["token", "done", "take", "cancel"],
    Reader: ["token", "position", "next", "close"],
    Inbox: ["token", "take", "answer"],
    Service: ["connections", "region"],
    Pool: ["open", "openFrom", "get", "resume", "locate", "calls", "stats", "drain", "drop"],
    Raw: ["token", "requestId", "send", "finish", "next", "drop"],
    Call:
      "sendAudio trySendAudio endAudio sendText greet answerTool command frame interrupt played finish snapshot park usage " +
      "stats latestUsage close closed drop elapsedMs inputRate id owner reader sse",
    Desk: ["largestBody", "tooLarge", "admit", "answer", "events", "talk", "drain", "drop"],
    Talk: ["token", "next", "say", "sayFrame", "close"],
    Settings: "host port endpoint emulated scenario pace pool drainMs corsOrigins logLevel",
  };
  for (const [name, names] of Object.entries(methods)) {
    const wanted = typeof names === "string" ? names.split(" ") : names;
    const there = Object.getOwnPropertyNames(native[name].prototype).filter((each) => each !== "constructor");
    assert.deepEqual(there.sort(), wanted.toSorted(), name);
  }
  const functions = Object.keys(native).filter((name) => typeof native[name] === "function" && !methods[name]);
  assert.deepEqual(
    functions.sort(),
    (
      "connect history kinds metrics models noSuchRoute page pagePaths plainSchema protocols refuse resume routes startDesk " +
      "startPool startRaw status streamHeaders"
    ).split(" "),
  );
});
