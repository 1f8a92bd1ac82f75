import assert from "node:assert/strict";
import { test } from "node:test";
import { emulatorOf, run, SOON, slow } from "./support.mjs";

const { env } = await emulatorOf();
const within = { timeout: 4 * SOON };
const clean = (out) => ({ code: 0, out, err: "" });

test("the process ends by itself after the last close", within, async () => {
  assert.deepEqual(await run("closes.mjs", { env }), clean("closed"));
});

test("an open call keeps the process alive, to its own end, and nothing is lost", within, async () => {
  assert.deepEqual(await run("waits.mjs", { env }), clean("answered finished"));
});

test("an import alone keeps nothing alive", within, async () => {
  assert.deepEqual(await run("imports.mjs", { env }), clean("imported"));
});

test("process.exit in the middle of calls is clean", within, async () => {
  assert.deepEqual(await run("exits.mjs", { env }), { code: 3, out: "", err: "" });
});

test("workers have calls of their own, and may be terminated in the middle of them", within, async () => {
  assert.deepEqual(await run("workers.mjs", { env }), clean("answered answered terminated answered"));
});

test("calls that nobody holds are hung up", within, async () => {
  const done = await run("forgotten.mjs", { env, flags: ["--expose-gc"] });
  assert.deepEqual(done, clean("20 opened, 0 left"));
});

test("the package can be required", within, async () => {
  assert.deepEqual(await run("requires.cjs", { env }), clean("function function"));
});

test("two thousand calls, one after the other, leave the memory as it was", {
  ...slow,
  timeout: 20 * SOON,
}, async () => {
  const done = await run("cycles.mjs", { env, flags: ["--expose-gc"], args: ["2000"] });
  assert.equal(done.code, 0, done.err);
  const { grown, waiters, descriptors } = JSON.parse(done.out);
  assert.ok(grown < 16e6, `${grown / 1e6} MB more after the second thousand than after the first`);
  assert.deepEqual([waiters, descriptors], [0, 0]);
});
