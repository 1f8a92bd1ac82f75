import assert from "node:assert/strict";
import { test } from "node:test";
import { Reconnection } from "../src/model/reconnection.js";

const machine = () => new Reconnection({ random: () => 1 });

test("a first connection asks for everything", () => {
  const road = machine();
  assert.deepEqual(road.start(0), { do: "connect", after: undefined });
  assert.deepEqual(road.start(1), { do: "nothing" });
  road.opened(5);
  assert.equal(road.phase.name, "open");
  assert.equal(road.due, undefined);
});

test("a road that breaks comes back behind what was heard, and nothing is heard twice", () => {
  const road = machine();
  road.start(0);
  road.opened(0);
  assert.deepEqual(
    [road.heard(1), road.heard(2), road.heard(5), road.heard(5), road.heard(3)],
    [true, true, true, false, false],
  );
  assert.deepEqual(road.closed(10_000, 1006, ""), { do: "connect", after: 5 }, "at once");
  road.opened(10_100);
  assert.equal(road.returns, 1);
  assert.equal(road.heard(5), false);
  assert.equal(road.heard(6), true);
});

test("pauses grow, up to a bound and within a deadline", () => {
  const road = machine();
  road.start(0);
  road.opened(0);
  let now = 10_000;
  let act = road.closed(now, 1006, "");
  const pauses: number[] = [];
  while (road.phase.name !== "over") {
    assert.equal(act.do, "connect");
    act = road.closed(now, 1006, "");
    if (road.due === undefined) break;
    assert.deepEqual(road.tick(road.due - 1), { do: "nothing" });
    pauses.push(road.due - now);
    now = road.due;
    act = road.tick(now);
  }
  assert.deepEqual(pauses.slice(0, 7), [250, 500, 1000, 2000, 4000, 8000, 8000]);
  assert.deepEqual(road.phase, { name: "over", end: { why: "lost" } });
  assert.ok(now >= 60_000 && now <= 80_000, `${now}`);
});

test("pauses are scattered", () => {
  for (const [random, pause] of [
    [0, 125],
    [1, 250],
  ] as const) {
    const road = new Reconnection({ random: () => random });
    road.start(0);
    road.closed(0, 1006, "");
    assert.equal(road.due, pause);
  }
});

test("a connection that breaks as soon as it is open is no success", () => {
  const road = machine();
  road.start(0);
  let now = 0;
  for (let n = 0; n < 100 && road.phase.name !== "over"; n++) {
    road.opened(now);
    road.closed(now, 1011, "");
    now = road.due ?? now;
    road.tick(now);
  }
  assert.deepEqual(road.phase, { name: "over", end: { why: "lost" } });
});

test("a refusal ends it, a call that is over too, a busy server does not", () => {
  for (const [code, phase] of [
    [4404, { name: "over", end: { why: "refused", status: 404, code: "no-such-call" } }],
    [4401, { name: "over", end: { why: "refused", status: 401, code: "no-such-call" } }],
    [1000, { name: "over", end: { why: "done" } }],
  ] as const) {
    const road = machine();
    road.start(0);
    road.opened(1);
    assert.deepEqual(road.closed(2, code, "no-such-call"), { do: "nothing" });
    assert.deepEqual(road.phase, phase);
    assert.deepEqual(road.closed(3, 1006, ""), { do: "nothing" });
  }
  for (const code of [1001, 1006, 1011, 1012, 4500, 4502, 4503]) {
    const road = machine();
    road.start(0);
    road.opened(1);
    road.closed(2, code, "");
    assert.equal(road.phase.name, "waiting", `${code}`);
  }
});

test("an opening has a deadline", () => {
  const road = machine();
  road.start(0);
  assert.deepEqual(road.tick(9_999), { do: "nothing" });
  assert.deepEqual(road.tick(10_000), { do: "abandon" });
  road.closed(10_000, 1006, "");
  assert.equal(road.phase.name, "waiting");
});

test("a network that is back is not waited for", () => {
  const road = machine();
  road.start(0);
  road.closed(0, 1006, "");
  assert.deepEqual(road.online(10), { do: "connect", after: undefined });
  assert.deepEqual(road.online(11), { do: "nothing" });
});

test("whoever stops it is done", () => {
  const road = machine();
  road.start(0);
  road.stop();
  assert.deepEqual(road.phase, { name: "over", end: { why: "done" } });
  assert.deepEqual(road.tick(1e9), { do: "nothing" });
});
