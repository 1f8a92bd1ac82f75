import assert from "node:assert/strict";
import { test } from "node:test";
import { Transcript } from "../src/model/transcript.js";
import type { TranscriptEvent } from "../src/protocol/events.js";

function said(
  item: number,
  turn: number,
  role: string,
  text: string,
  more: Partial<TranscriptEvent> = {},
): TranscriptEvent {
  return { type: "transcript", item, turn, role, text, stage: "final", ...more };
}

const texts = (transcript: Transcript) => transcript.lines.map((line) => line.text);

test("a line comes several times, and is there once", () => {
  const transcript = new Transcript();
  assert.equal(transcript.apply(said(1, 1, "assistant", "Hello!", { stage: "speculative" })).change, "added");
  assert.equal(transcript.lines[0]!.stage, "speculative");
  const change = transcript.apply(said(1, 1, "assistant", "Hello! I am here."));
  assert.deepEqual([change.change, transcript.lines.length], ["changed", 1]);
  assert.deepEqual(transcript.lines[0], {
    item: 1,
    turn: 1,
    role: "assistant",
    text: "Hello! I am here.",
    unheard: "",
    stage: "final",
  });
});

test("lines stand in the order of their turns, the question before its answer", () => {
  const transcript = new Transcript();
  transcript.apply(said(2, 1, "assistant", "Answer one."));
  transcript.apply(said(1, 1, "user", "Question one?"));
  transcript.apply(said(4, 2, "user", "Question two?"));
  transcript.apply(said(5, 2, "assistant", "Answer two."));
  transcript.apply(said(6, 1, "assistant", "And more."));
  assert.deepEqual(texts(transcript), ["Question one?", "Answer one.", "And more.", "Question two?", "Answer two."]);
});

test("words of a cut answer that nobody heard are known", () => {
  const transcript = new Transcript();
  transcript.apply(said(1, 1, "assistant", "One two.", { stage: "speculative" }));
  transcript.apply(said(1, 1, "assistant", "One two. Three four.", { stage: "speculative" }));
  transcript.apply(said(1, 1, "assistant", "One two. Thr", { cut: { heardMs: 900, errorMs: 100 } }));
  assert.deepEqual([transcript.lines[0]!.text, transcript.lines[0]!.unheard], ["One two. Thr", "ee four."]);
  transcript.apply(said(1, 1, "assistant", "One two.", { cut: { heardMs: 800, errorMs: 0 } }));
  assert.equal(transcript.lines[0]!.unheard, "Three four.", "a later text may correct the cut");
});

test("an answer of which nothing was said goes off the page", () => {
  const transcript = new Transcript();
  transcript.apply(said(1, 1, "assistant", "Hello!", { stage: "speculative" }));
  assert.equal(transcript.apply(said(1, 1, "assistant", "")).change, "removed");
  assert.equal(transcript.lines.length, 0);
  assert.equal(transcript.apply(said(1, 1, "assistant", "")).change, "none");
});

test("roles that nobody speaks in are passed over", () => {
  const transcript = new Transcript();
  assert.equal(transcript.apply(said(1, 1, "tool", "{}")).change, "none");
  transcript.apply(said(2, 1, "user", "Hi."));
  transcript.clear();
  assert.equal(transcript.lines.length, 0);
});
