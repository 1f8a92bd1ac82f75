import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { run, SOON } from "./support.mjs";

// The whole menu, as the Rust library's own test wrote it down: what each fault comes to.
const page = readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$/gm)];
const menu = rows.map(([, fault, inSession, opening]) => ({
  fault,
  inSession: inSession.trim(),
  opening: opening.trim(),
}));

test("the menu was read", () => {
  assert.ok(menu.length > 45 && menu.some(({ fault }) => fault === "unknown-event-type"), `${menu.length} faults`);
});

test("no fault is an uncaught exception or an unhandled rejection", { timeout: 10 * SOON }, async (t) => {
  const done = await run("faults.mjs", { args: [JSON.stringify(menu)] });
  assert.deepEqual([done.code, done.err], [0, ""], done.out);
  const seen = done.out.split("\n").map((line) => JSON.parse(line));
  assert.equal(seen.length, menu.length * 2 - menu.filter(({ inSession }) => inSession === "–").length);
  for (const { fault, when, expected, outcome, error, reconnected } of seen) {
    await t.test(`${fault} ${when}`, () => {
      const ends = expected.match(/ends: (\w+) `([^`]+)`/);
      if (expected.startsWith("ends")) {
        assert.deepEqual([outcome, error.code], ["failed", ends[2]]);
        assert.equal(error.kind.toLowerCase(), ends[1].toLowerCase());
      } else if (expected.startsWith("goes on")) {
        assert.deepEqual([outcome, error], ["finished", null]);
      } else {
        // The fault comes in every session, so the call may end when it has been tried often enough.
        assert.ok(reconnected || error?.retryable || ends?.[2] === error?.code, JSON.stringify({ outcome, error }));
      }
    });
  }
});
