import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Conversation, Invalid, Snapshot, tool } from "bedrock-nova";
import { emulatorOf, SOON, until } from "./support.mjs";

const service = (await emulatorOf()).service();
const within = { timeout: SOON };

test("a call goes on from a snapshot, with everything that was said", within, async () => {
  const talk = await Conversation.connect({ service, history: [{ role: "user", text: "My name is Ada." }] });
  await talk.sendText("Hello, who are you?");
  await until(talk, "turnEnded");
  const kept = await talk.snapshot();
  const parked = await talk.park();
  assert.equal((await until(talk, "closed")).event.reason, "parked");
  talk.drop();
  assert.ok(parked.history.length >= kept.history.length && kept.history.length >= 2);
  const text = JSON.stringify({ kept: parked });
  for (const form of [parked, parked.toString(), Buffer.from(parked.toString()), JSON.parse(text).kept]) {
    await using again = await Conversation.resume(form, { service });
    const { event } = await until(again, "renewed");
    assert.equal(event.reason, "resumed");
    assert.ok(event.seq > 10, "numbers go on");
    assert.deepEqual((await again.snapshot()).history.slice(0, 2), parked.history.slice(0, 2));
  }
});

// One that Python wrote, and the one that holds the Rust library to its form.
for (const [language, place, names, first] of [
  ["Python", "../test/snapshots/python.json", ["get_weather"], "My name is Ada."],
  ["Rust", "../../nova-core/tests/call/resuming/form_1.json", ["weather", "clock"], "I am Ann."],
]) {
  test(`a call goes on that was begun in ${language}`, within, async () => {
    const text = readFileSync(new URL(place, import.meta.url), "utf8");
    const { history } = Snapshot.from(text);
    assert.deepEqual(history[0], { role: "user", text: first });
    const answer = tool({ description: "Tells it.", run: () => 1 });
    const tools = Object.fromEntries(names.map((name) => [name, answer]));
    await using talk = await Conversation.resume(text, { service, tools });
    await until(talk, "renewed");
    await talk.sendText("What can you do?");
    assert.equal((await until(talk, "turnEnded")).event.end, "answered");
    assert.deepEqual((await talk.snapshot()).history.slice(0, history.length), history);
    talk.drop();
  });
}

test("what is no snapshot is refused", within, async () => {
  for (const text of ["", "{}", '{"snapshot":99}', "[]"]) {
    await assert.rejects(Conversation.resume(text, { service }), Invalid);
    assert.throws(() => Snapshot.from(text).history, Invalid);
  }
});
