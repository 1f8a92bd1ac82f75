import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler } from "../src/audio/resampler.js";

/** How loud a tone of `hertz` comes out, in decibels against how it went in. */
function gain(from: number, to: number, hertz: number): number {
  const seconds = 0.5;
  const input = Float32Array.from(
    { length: from * seconds },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / from),
  );
  const output = new Resampler(from, to).process(input);
  // Without its beginning, where the filter still hears the silence before.
  const steady = output.subarray(Math.floor(to * 0.05), Math.floor(to * 0.45));
  const power = steady.reduce((sum, sample) => sum + sample * sample, 0) / steady.length;
  return 10 * Math.log10(power / 0.125 + 1e-20);
}

for (const from of [16000, 22050, 44100, 48000, 96000, 192000]) {
  test(`from ${from} to 16000 Hz the voice stays as it is`, () => {
    for (const hertz of [50, 300, 1000, 3400, 5000, 6500]) {
      assert.ok(Math.abs(gain(from, 16000, hertz)) < 0.05, `${hertz} Hz: ${gain(from, 16000, hertz)} dB`);
    }
  });
}

for (const from of [22050, 44100, 48000, 96000, 192000]) {
  test(`from ${from} to 16000 Hz nothing folds back`, () => {
    for (const hertz of [8050, 8500, 9000, 10000, 10900, 15000, 20000]) {
      if (hertz < from / 2) assert.ok(gain(from, 16000, hertz) < -75, `${hertz} Hz: ${gain(from, 16000, hertz)} dB`);
    }
  });
}

for (const to of [44100, 48000, 96000]) {
  test(`from 24000 to ${to} Hz an answer stays as it is`, () => {
    for (const hertz of [50, 1000, 5000, 10000]) assert.ok(Math.abs(gain(24000, to, hertz)) < 0.05, `${hertz} Hz`);
  });
}

test("an output sample stands for its own time", () => {
  const hertz = 440;
  for (const [from, to] of [
    [48000, 16000],
    [44100, 16000],
    [24000, 44100],
  ] as const) {
    const input = Float32Array.from({ length: from / 4 }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / from));
    const output = new Resampler(from, to).process(input);
    for (let n = to / 20; n < to / 10; n++) {
      assert.ok(Math.abs(output[n]! - Math.sin((2 * Math.PI * hertz * n) / to)) < 1e-3, `${from} → ${to}: ${n}`);
    }
  }
});

test("the same sound in any pieces gives the same samples", () => {
  const input = Float32Array.from({ length: 10000 }, (_, n) => Math.sin(n * n * 1e-5));
  const whole = new Resampler(44100, 16000).process(input);
  for (const size of [1, 7, 128, 441, 4000]) {
    const resampler = new Resampler(44100, 16000);
    const pieces: number[] = [];
    for (let at = 0; at < input.length; at += size) pieces.push(...resampler.process(input.subarray(at, at + size)));
    assert.deepEqual(pieces, [...whole], `pieces of ${size}`);
  }
});

test("nothing of a sound is lost at its end", () => {
  for (const [from, to] of [
    [48000, 16000],
    [24000, 48000],
    [24000, 44100],
  ] as const) {
    const resampler = new Resampler(from, to);
    const count = resampler.process(new Float32Array(from)).length + resampler.flush().length;
    assert.ok(Math.abs(count - to) <= 1, `${from} → ${to}: ${count}`);
  }
});

test("the same rate is passed on", () => {
  const input = Float32Array.of(0.1, -0.2, 0.3);
  assert.deepEqual(new Resampler(16000, 16000).process(input), input);
});
