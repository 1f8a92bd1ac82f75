import assert from "node:assert/strict";
import { test } from "node:test";
import { Presence } from "../src/model/presence.js";

const NO_WAITS = { firstTextMs: null, firstAudioMs: null, firstAudibleMs: null };
const failure = { kind: "transport", code: "transport", message: "Broken.", retryable: true };

function inCall(): Presence {
  const presence = new Presence();
  presence.begin();
  presence.road("open");
  return presence;
}

test("a spoken question and its answer", () => {
  const presence = new Presence();
  const states = [presence.state];
  const then = (act: () => void) => {
    act();
    states.push(presence.state);
  };
  then(() => presence.begin());
  then(() => presence.road("open"));
  then(() => presence.apply({ type: "userSpeechStarted", offsetMs: 0 }));
  then(() => presence.apply({ type: "userSpeechEnded", offsetMs: 900 }));
  then(() => presence.sounds("sounding"));
  then(() => presence.apply({ type: "turnEnded", turn: 1, end: "answered", latency: NO_WAITS }));
  then(() => presence.sounds("quiet"));
  then(() => presence.end());
  assert.deepEqual(states, [
    "idle",
    "connecting",
    "listening",
    "hearing",
    "thinking",
    "speaking",
    // The answer is there, and still sounds.
    "speaking",
    "listening",
    "ended",
  ]);
});

test("a text without an answer is not waited for for ever", () => {
  const presence = inCall();
  presence.typed();
  assert.equal(presence.state, "thinking");
  presence.apply({ type: "turnEnded", turn: 1, end: "noAnswer", latency: NO_WAITS });
  assert.equal(presence.state, "listening");
});

test("the user's voice comes before the assistant's", () => {
  const presence = inCall();
  presence.sounds("sounding");
  presence.apply({ type: "userSpeechStarted", offsetMs: 0 });
  assert.equal(presence.state, "hearing");
});

test("both roads are told of, a first connection is no return", () => {
  const presence = new Presence();
  presence.begin();
  presence.road("broken");
  assert.equal(presence.state, "connecting");
  presence.road("open");
  presence.road("broken");
  assert.equal(presence.state, "reconnecting");
  presence.road("open");
  assert.equal(presence.state, "listening");
  presence.apply({ type: "reconnecting", reason: failure, attempt: 1 });
  assert.equal(presence.state, "reconnecting");
  presence.apply({ type: "renewed", session: 2, reason: "recovery" });
  assert.equal(presence.state, "listening");
});
