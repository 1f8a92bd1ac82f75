import assert from "node:assert/strict";
import { test } from "node:test";
import { Playout, type PlayoutOptions } from "../src/audio/playout.js";

const RATE = 48000;
const QUANTUM = 128;

/** A loudspeaker with a clock of the test's own. */
class Speaker {
  readonly playout: Playout;
  now = 0;
  samples: number[] = [];

  constructor(options: PlayoutOptions = {}, rate = RATE) {
    this.playout = new Playout(rate, options);
  }

  /** An answer's piece of so many milliseconds, as loud as a constant. */
  say(turn: number, offsetMs: number, ms: number, level = 0.5) {
    const pcm = new Int16Array(24 * ms).fill(Math.round(level * 32768));
    return this.playout.push({ turn, offset: 24 * offsetMs, rate: 24000, pcm }, this.now);
  }

  /** Lets so many milliseconds pass; returns what was heard in them. */
  play(ms: number): number[] {
    const from = this.samples.length;
    const until = this.now + ms / 1000;
    while (this.now < until - 1e-9) {
      const out = new Float32Array(QUANTUM);
      this.playout.pull(out, this.now);
      this.samples.push(...out);
      this.now += QUANTUM / RATE;
    }
    return this.samples.slice(from);
  }
}

const heard = (samples: number[]) => samples.filter((sample) => Math.abs(sample) > 0.01).length;

test("an answer sounds once enough of it is there, and is told to the sample", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 20);
  assert.equal(heard(speaker.play(20)), 0, "20 ms are not enough");
  speaker.say(1, 20, 60);
  speaker.say(1, 80, 920);
  speaker.playout.end(1);
  const sound = speaker.play(1100);
  assert.ok(Math.abs(heard(sound) - RATE) < 60, `${heard(sound)}`);
  assert.equal(speaker.playout.position?.turn, 1);
  assert.ok(Math.abs(speaker.playout.position!.ms - 1000) < 0.1, `${speaker.playout.position!.ms}`);
  assert.equal(speaker.playout.busy, false);
  assert.equal(speaker.playout.starved, 0);
});

test("a short answer is not waited for for ever", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 20);
  assert.ok(heard(speaker.play(100)) > 0.015 * RATE, "after 60 ms what is there sounds");
  const ended = new Speaker();
  ended.playout.end(1);
  ended.say(1, 0, 20);
  assert.ok(heard(ended.play(25)) > 0.015 * RATE, "at once if nothing more comes");
});

test("what it gathers grows when it runs dry, up to a bound, and shrinks again", () => {
  const speaker = new Speaker({ shortest: 60, longest: 200 });
  for (let n = 0; n < 6; n++) {
    speaker.say(1, 70 * n, 70);
    speaker.play(400);
  }
  assert.equal(speaker.playout.starved, 5);
  assert.equal(speaker.playout.target, 200);
  for (let turn = 2; turn < 20; turn++) {
    speaker.say(turn, 0, 300);
    speaker.playout.end(turn);
    speaker.play(600);
  }
  assert.equal(speaker.playout.starved, 5, "the end of an answer is no starving");
  assert.equal(speaker.playout.target, 60);
});

test("a cut answer fades within ten milliseconds and never sounds again", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 5000);
  speaker.play(500);
  speaker.playout.cut(1);
  const rest = speaker.play(100);
  assert.ok(Math.abs(rest[0]! - 0.5) < 0.01, "no step where it begins to fade");
  for (let n = 1; n < rest.length; n++) assert.ok(Math.abs(rest[n]! - rest[n - 1]!) < 0.01, "no step anywhere");
  assert.ok(rest.findLastIndex((sample) => sample !== 0) < 0.01 * RATE);
  assert.ok(speaker.playout.position!.ms < 510);
  assert.equal(speaker.say(1, 5000, 100), "dead");
  assert.equal(heard(speaker.play(200)), 0);
  assert.equal(speaker.say(2, 0, 100), "taken");
  speaker.playout.end(2);
  assert.ok(heard(speaker.play(200)) > 0.09 * RATE, "the next answer sounds");
});

test("an answer that is cut before it sounds is not heard at all", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 50);
  speaker.playout.cut(1);
  assert.equal(heard(speaker.play(200)), 0);
});

test("an answer that waits behind a cut one is kept whole", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 1000);
  speaker.play(200);
  speaker.say(2, 0, 100, -0.5);
  speaker.playout.end(2);
  speaker.playout.cut(1);
  const rest = speaker.play(300);
  assert.ok(Math.abs(rest.filter((sample) => sample < -0.25).length - 0.1 * RATE) < 60);
});

test("two answers follow each other, each with its own account", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 100);
  speaker.say(2, 0, 100);
  speaker.playout.end(2);
  speaker.play(90);
  assert.equal(speaker.playout.position?.turn, 1);
  speaker.play(200);
  assert.equal(speaker.playout.position?.turn, 2);
  assert.ok(Math.abs(speaker.playout.position!.ms - 100) < 0.1);
});

test("what is missing is counted as played past", () => {
  const speaker = new Speaker();
  speaker.say(1, 0, 100);
  speaker.say(1, 500, 100);
  speaker.playout.end(1);
  speaker.play(400);
  assert.ok(Math.abs(speaker.playout.position!.ms - 600) < 0.1, "positions are the answer's own");
});

test("only so much waits", () => {
  const speaker = new Speaker({ most: 1000 });
  assert.equal(speaker.say(1, 0, 1200), "taken");
  assert.equal(speaker.say(1, 1200, 100), "full");
});
