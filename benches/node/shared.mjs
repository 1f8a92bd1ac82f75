// What every client on Node.js has: the beat, the stamps, the books, and the way to be asked for them.
//
// All of it is what `benches/src/bin/calls` does in Rust, byte for byte, so that one peer serves both and one program reads
// both reports.

import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

// "NOVA" as it stands in memory.
const MARK = 0x41564f4e;
const HEAD = 24;
// Milliseconds of a piece of live audio.
const BEAT = 20;
// Chunks of 1 KiB that a beat hands over for every call when it floods.
export const FLOOD = 4;
// Nanoseconds of a step of a histogram.
const STEP = 20_000;

// CLOCK_MONOTONIC as a number: of a machine that has run for less than a hundred days every nanosecond is exact. What lies
// between the two clocks' answers makes it too early, never too late.
const zero = Math.max(...Array.from({ length: 1000 }, () => Number(process.hrtime.bigint()) - performance.now() * 1e6));
export const now = () => zero + performance.now() * 1e6;

/** Makes a tone of 16-bit samples. */
export function pcm(rate, millis) {
  const samples = Buffer.alloc(((rate * millis) / 1000) * 2);
  for (let at = 0; at * 2 < samples.length; at++) {
    samples.writeInt16LE(Math.round(9_000 * Math.sin((2 * Math.PI * 220 * at) / rate)), 2 * at);
  }
  return samples;
}

/** A piece whose first bytes are written anew each time; by words, since a call of Buffer's costs as much as the library. */
export class Stamped {
  constructor(bytes) {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, HEAD / 4);
  }

  /** Writes mark, number, when a live source would have had it, and when it is handed over: now. */
  write(seq, due) {
    const { words } = this;
    words[0] = MARK;
    words[1] = seq;
    writeNanos(words, 2, due);
    writeNanos(words, 4, now());
    return this.bytes;
  }
}

function writeNanos(words, at, nanos) {
  const high = Math.floor(nanos / 2 ** 32);
  words[at] = nanos - high * 2 ** 32;
  words[at + 1] = high;
}

const readNanos = (piece, at) => piece.readUInt32LE(at) + piece.readUInt32LE(at + 4) * 2 ** 32;

/** The beat of a live source: 50 pieces a second from now on, each call's at its own moment within the 20 ms. */
export class Pulse {
  #begin;
  #seq = 0;

  constructor(call) {
    // The golden section spreads any number of calls evenly.
    this.#begin = now() + BEAT * 1e6 * ((call * 0.6180339887498949) % 1);
  }

  /** Calls `speak(seq, due)` whenever a piece is due; what is overdue comes at once. */
  start(speak) {
    const beat = () => {
      let due = this.#begin + this.#seq * BEAT * 1e6;
      while (due <= now()) {
        speak(this.#seq, due);
        this.#seq += 1;
        due = this.#begin + this.#seq * BEAT * 1e6;
      }
      setTimeout(beat, Math.max(1, Math.ceil((due - now()) / 1e6)));
    };
    beat();
  }
}

/** What has come, and what this process has used. */
export class Books {
  #late = [];
  #way = [];
  #missing = 0;
  #silence = 0;

  /** Returns what notes the pieces of one call. */
  ear() {
    let following;
    return (piece) => {
      if (piece.length < HEAD || piece.readUInt32LE(0) !== MARK) {
        this.#silence += 1;
        return;
      }
      const seq = piece.readUInt32LE(4);
      const here = now();
      this.#late.push(here - readNanos(piece, 8));
      this.#way.push(here - readNanos(piece, 16));
      if (following !== undefined) this.#missing += Math.abs(seq - following);
      following = seq + 1;
    };
  }

  /** Returns what came and was used since the last time, as a line. */
  take() {
    const { user, system } = process.cpuUsage();
    const line = [
      `${(user + system) * 1000} ${waited()}`,
      `${this.#missing} ${this.#silence}`,
      histogram(this.#late),
      histogram(this.#way),
    ].join(";");
    this.#late = [];
    this.#way = [];
    this.#missing = this.#silence = 0;
    return line;
  }
}

function waited() {
  try {
    return readFileSync("/proc/self/schedstat", "latin1").split(" ")[1];
  } catch {
    return 0;
  }
}

function histogram(times) {
  const steps = new Map();
  let longest = 0;
  for (const time of times) {
    const step = Math.floor(Math.max(0, time) / STEP);
    steps.set(step, (steps.get(step) ?? 0) + 1);
    longest = Math.max(longest, time);
  }
  const counts = [...steps].sort(([a], [b]) => a - b).map(([step, count]) => `${step}:${count}`);
  return [Math.round(longest), ...counts].join(" ");
}

/**
 * A client's life as its starter sees it: `began`, `open SECONDS`, then an answer to every `take`.
 *
 * Whoever fails tells why on the error output and ends the process, so that nothing is measured of half the calls.
 */
export async function live(words, books, openCalls) {
  await openCalls(1);
  tell("began");
  const begin = now();
  await openCalls(words.calls - 1);
  tell(`open ${(now() - begin) / 1e9}`);
  for await (const _take of createInterface({ input: process.stdin })) tell(books.take());
  // Nobody waits for a hundred ends in order.
  process.exit(0);
}

/** Begins what goes on until the end. */
export function start(work) {
  work.then(
    () => fail("it returned"),
    (error) => fail(error?.stack ?? error),
  );
}

function fail(why) {
  process.stderr.write(`a call ended before its time: ${why}\n`);
  process.exit(1);
}

const tell = (line) => writeSync(1, `${line}\n`);

/** Reads what the starter wants: `--join URL CA --calls N --speech live|file|flood`. */
export function readWords() {
  const { values, positionals } = parseArgs({
    options: {
      join: { type: "string" },
      packages: { type: "string" },
      calls: { type: "string", default: "100" },
      speech: { type: "string", default: "live" },
    },
    allowPositionals: true,
  });
  return {
    url: values.join,
    ca: positionals[0],
    packages: values.packages,
    calls: Number(values.calls),
    speech: values.speech,
  };
}
