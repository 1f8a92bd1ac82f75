import assert from "node:assert/strict";
import { test } from "node:test";
import { Latencies } from "../src/call/latencies.js";

const waits = { firstTextMs: 600, firstAudioMs: 620, firstAudibleMs: 640 };

test("the loudspeaker adds what passes between the first piece and the first sample", () => {
  const latencies = new Latencies();
  latencies.came(1, 1000);
  latencies.came(1, 1050);
  assert.equal(latencies.audible(1, 1090), undefined, "the server has not told its part");
  assert.deepEqual(latencies.ended(1, waits), { turn: 1, ...waits, loudspeakerMs: 710 });
});

test("an answer that sounds after it was told is told again", () => {
  const latencies = new Latencies();
  latencies.came(1, 1000);
  assert.equal(latencies.ended(1, waits)?.loudspeakerMs, null);
  assert.equal(latencies.audible(1, 1100)?.loudspeakerMs, 720);
});

test("turns are not mixed up", () => {
  const latencies = new Latencies();
  latencies.came(1, 1000);
  latencies.audible(1, 1100);
  assert.equal(latencies.ended(2, waits)?.loudspeakerMs, null);
  assert.equal(latencies.audible(3, 2000), undefined);
});
