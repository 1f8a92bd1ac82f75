import assert from "node:assert/strict";
import { test } from "node:test";
import { Framer } from "../src/audio/framer.js";
import { fromPcm, meter, peak, toPcm } from "../src/audio/pcm.js";

test("a second of a microphone is thirty-one frames and a rest", () => {
  for (const rate of [16000, 44100, 48000]) {
    const framer = new Framer(rate);
    const frames = [];
    for (let n = 0; n < rate; n += 128)
      frames.push(...framer.push(new Float32Array(Math.min(128, rate - n)).fill(0.25)));
    assert.equal(frames.length, 31, `${rate} Hz`);
    assert.ok(frames.every((frame) => frame.pcm.length === 512));
    assert.ok(Math.abs(frames[10]!.peak - 0.25) < 0.001);
    const last = framer.flush()!;
    assert.equal(last.pcm.length, 512);
    assert.equal(last.pcm.at(-1), 0);
    assert.equal(framer.flush(), undefined);
  }
});

test("samples are rounded, and held at the bounds", () => {
  assert.deepEqual(
    [...toPcm(Float32Array.of(0, 1, -1, 2, -2, 0.5, 1e-5))],
    [0, 32767, -32768, 32767, -32768, 16384, 0],
  );
  assert.deepEqual([...fromPcm(Int16Array.of(0, 16384, -32768))], [0, 0.5, -1]);
});

test("a meter shows decibels", () => {
  assert.equal(peak(Float32Array.of(0.1, -0.5, 0.2)), 0.5);
  assert.deepEqual([0, 0.0001, 1].map(meter), [0, 0, 1]);
  assert.ok(Math.abs(meter(0.1) - 2 / 3) < 1e-9);
});
