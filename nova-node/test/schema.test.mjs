import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../dist/events.js";

const read = (place) => readFileSync(new URL(place, import.meta.url), "utf8");
const { $defs } = JSON.parse(read("../../docs/schema/conversation.schema.json"));
const source = read("../src/events.ts");

/** The fields of an event by the schema that all languages share: `{ name: words it may be, or undefined }`. */
function fieldsOf(event) {
  const named = event.$ref === undefined ? {} : $defs[event.$ref.split("/").at(-1)].properties;
  const all = { ...named, ...event.properties };
  const words = (field) => {
    const kind = field.$ref === undefined ? field : $defs[field.$ref.split("/").at(-1)];
    return (kind.oneOf ?? []).map((each) => each.const).filter((word) => word !== undefined);
  };
  return new Map(Object.entries(all).map(([name, field]) => [name, words(field)]));
}

/** The interface of an event, as `events.ts` has it: names of fields and the text of their types. */
function interfaceOf(type) {
  const body = source.match(new RegExp(`extends Stamp \\{\\n  type: "${type}";\\n(.*?)^\\}`, "ms"))?.[1];
  assert.ok(body !== undefined, `events.ts has no ${type}`);
  return new Map([...body.matchAll(/^ {2}(\w+)\??:([^;]+);/gms)].map(([, name, kind]) => [name, kind]));
}

test("events have the fields and the words of the schema that all languages share", () => {
  const types = $defs.Event.oneOf.map((event) => event.properties.type.const);
  assert.ok(types.length >= 20);
  for (const event of $defs.Event.oneOf) {
    const type = event.properties.type.const;
    const ours = interfaceOf(type);
    const theirs = fieldsOf(event);
    theirs.delete("type");
    // The schema has the wire's other roles too; lines of a transcript have these two, as docs/SCHEMA.md says.
    if (type === "transcript") theirs.set("role", ["user", "assistant"]);
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort(), type);
    for (const [name, words] of theirs) {
      const missing = words.filter((word) => !ours.get(name).includes(`"${word}"`));
      if (ours.get(name).includes('"')) assert.deepEqual(missing, [], `${type}.${name}`);
    }
  }
});

test("an event that this version does not know is unknown, and nothing of it is lost", () => {
  const told = { seq: 7, atMs: 1.5, type: "somethingNew", more: [1] };
  assert.deepEqual(decode(JSON.stringify(told)), {
    type: "unknown",
    seq: 7,
    atMs: 1.5,
    name: "somethingNew",
    body: told,
  });
});
