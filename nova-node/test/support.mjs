// What the tests share.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { startEmulator } from "bedrock-nova/testing";

/** No wait of a test is longer. */
export const SOON = 30_000;

/** What takes minutes runs where that was asked for. */
export const slow = { skip: process.env.BEDROCK_NOVA_SLOW ? false : "slow; BEDROCK_NOVA_SLOW=1 runs it" };

/** An emulator for the tests of a file. It answers much faster than anybody speaks. */
export function emulatorOf(options = {}) {
  const started = startEmulator({ pace: 40, ...options });
  after(async () => (await started).stop());
  return started;
}

/** Sound in the range of a voice, loud enough to be heard: 16 bit, mono. */
export function voice(seconds, rate = 16_000) {
  return Int16Array.from({ length: seconds * rate }, (_, at) => {
    const time = at / rate;
    return 9_000 * Math.sin(time * Math.PI * 2 * 220) * (0.6 + 0.4 * Math.sin(time * Math.PI * 2 * 4));
  });
}

/** Reads until an event is of this type; returns it with all that came before. */
export async function until(events, type) {
  const seen = [];
  for await (const event of events) {
    seen.push(event);
    if (event.type === type) return { event, seen };
  }
  throw new Error(`no ${type} came, but ${seen.map((each) => each.type)}`);
}

/** Waits until something is so. */
export async function eventually(what, check) {
  const end = performance.now() + SOON;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A folder that is gone after the test. */
export function folder(t) {
  const made = mkdtempSync(join(tmpdir(), "bedrock-nova-test-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

/** A scenario file of the emulator's. */
export function scenario(t, fields) {
  const file = join(folder(t), "scenario.json");
  writeFileSync(file, JSON.stringify({ version: 1, name: "test", language: "en-US", ...fields }));
  return file;
}

/** Runs a program of `programs` in a Node of its own, to its end. */
export function run(program, { env = {}, args = [], flags = [] } = {}) {
  const file = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, file, ...args], { env: { ...process.env, ...env } });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${program} did not end: ${out}${err}`));
    }, 5 * SOON);
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, out: out.trim(), err: err.trim() });
    });
  });
}
