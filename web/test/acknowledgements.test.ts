import assert from "node:assert/strict";
import { test } from "node:test";
import type { Position } from "../src/audio/playout.js";
import { Acknowledgements } from "../src/call/acknowledgements.js";

function listening(): { said: Position[]; acknowledgements: Acknowledgements } {
  const said: Position[] = [];
  return { said, acknowledgements: new Acknowledgements((position) => said.push(position)) };
}

test("positions are told five times a second, and the last one at once", () => {
  const { said, acknowledgements } = listening();
  acknowledgements.reached(undefined, "busy", 0);
  for (let now = 0; now <= 1000; now += 50) acknowledgements.reached({ turn: 1, ms: now }, "busy", now);
  assert.deepEqual(
    said.map(({ ms }) => ms),
    [0, 200, 400, 600, 800, 1000],
  );
  acknowledgements.reached({ turn: 1, ms: 1010 }, "quiet", 1010);
  acknowledgements.reached({ turn: 1, ms: 1010 }, "quiet", 5000);
  assert.deepEqual(said.slice(6), [{ turn: 1, ms: 1010 }]);
});

test("the last one is told again when the road is back", () => {
  const { said, acknowledgements } = listening();
  acknowledgements.repeat();
  assert.deepEqual(said, []);
  acknowledgements.reached({ turn: 2, ms: 30 }, "busy", 0);
  acknowledgements.repeat();
  assert.deepEqual(said, [
    { turn: 2, ms: 30 },
    { turn: 2, ms: 30 },
  ]);
});
