import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { Conversation, Misuse, tool } from "bedrock-nova";
import * as v from "valibot";
import { z } from "zod";
import { emulatorOf, SOON, until } from "./support.mjs";

const service = (await emulatorOf({ scenario: "tools" })).service();
const within = { timeout: SOON };
const city = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

/** Asks for the weather; returns how the tool ended and what was said. */
async function ask(getWeather, options = {}) {
  await using talk = await Conversation.connect({ service, tools: { get_weather: getWeather }, ...options });
  await talk.sendText("What is the weather like?");
  const { seen } = await until(talk, "turnEnded");
  const said = seen.filter(({ type, role }) => type === "transcript" && role === "assistant").map(({ text }) => text);
  return { outcome: seen.find(({ type }) => type === "toolDone")?.outcome, said: said.at(-1) ?? "", seen };
}

for (const [vendor, input] of [
  ["zod", z.object({ city: z.string().describe("Where") })],
  ["valibot", toStandardJsonSchema(v.object({ city: v.string() }))],
  ["JSON Schema", city],
]) {
  test(`a tool with a schema of ${vendor} is run with arguments that were checked`, within, async () => {
    const asked = [];
    const getWeather = tool({
      description: "Tells the weather.",
      input,
      run: async ({ city }, { signal }) => {
        asked.push(city, signal.aborted);
        return { temperature: 11 };
      },
    });
    const { outcome, said } = await ask(getWeather);
    assert.deepEqual([asked.length, typeof asked[0], asked[1], outcome], [2, "string", false, "answered"]);
    assert.match(said, /11/);
  });
}

test("what a schema changes is what the function is given", async () => {
  const twice = tool({ input: z.object({ n: z.coerce.number().default(4) }), run: ({ n }) => n * 2 });
  assert.deepEqual([await twice.call({ n: "21" }), await twice.call({})], [42, 8]);
});

test("arguments that do not fit are told to the model, and the function is not run", within, async () => {
  const never = () => assert.fail("it was run");
  for (const input of [
    z.object({ city: z.string().max(1) }),
    v.pipe(
      v.object({ city: v.string() }),
      v.check(() => false, "no such place"),
    ),
    { ...city, properties: { city: { type: "integer" } } },
  ]) {
    const { outcome } = await ask(tool({ description: "Tells the weather.", input, inputSchema: city, run: never }));
    assert.equal(outcome, "failed");
  }
});

test("JSON Schema is held against what the model says", async () => {
  const schema = {
    type: "object",
    properties: {
      name: { type: "string", maxLength: 3 },
      count: { type: "integer", minimum: 1 },
      kind: { enum: ["a", "b"] },
      list: { type: "array", items: { type: "object", required: ["x"] }, maxItems: 2 },
      any: { type: ["string", "null"] },
    },
    required: ["name"],
    additionalProperties: false,
  };
  const echo = tool({ input: schema, run: (args) => args });
  const good = { name: "abc", count: 2, kind: "b", list: [{ x: 1 }], any: null };
  assert.deepEqual(await echo.call(good), good);
  for (const [wrong, sentence] of [
    [{}, "name: this is missing"],
    [{ name: 1 }, "name: this is number, not string"],
    [{ name: "abcd" }, "name: its length 4 is more than 3"],
    [{ name: "a", count: 1.5 }, "count: this is number, not integer"],
    [{ name: "a", count: 0 }, "count: 0 is less than 1"],
    [{ name: "a", kind: "c" }, 'kind: this is none of "a", "b"'],
    [{ name: "a", list: [{}] }, "list[0].x: this is missing"],
    [{ name: "a", list: [1] }, "list[0]: this is number, not object"],
    [{ name: "a", other: 1 }, "other: nobody knows this"],
    [{ name: "a", any: 1 }, "any: this is number, not string or null"],
    [[], "the arguments: this is array, not object"],
  ]) {
    await assert.rejects(echo.call(wrong), { message: sentence });
  }
});

test("a tool that throws, whatever it throws, is told to the model", within, async () => {
  for (const thrown of [new Error("the weather service sleeps"), "a word", null, { odd: 1 }, Symbol("x")]) {
    const run = () => {
      throw thrown;
    };
    assert.equal((await ask(tool({ description: "Tells the weather.", input: city, run }))).outcome, "failed");
  }
  const circle = {};
  circle.self = circle;
  for (const result of [circle, 1n]) {
    const run = () => result;
    assert.equal((await ask(tool({ description: "Tells the weather.", input: city, run }))).outcome, "failed");
  }
});

test("the signal is aborted when the call no longer wants the result", within, async () => {
  let aborted;
  const run = (_, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason.name;
        reject(signal.reason);
      });
    });
  const { outcome } = await ask(tool({ description: "Tells the weather.", input: city, deadline: 50, run }));
  assert.deepEqual([outcome, aborted], ["timedOut", "AbortError"]);
});

test("a tool runs while nobody iterates, in the context in which the call was opened", within, async () => {
  const storage = new AsyncLocalStorage();
  const seen = Promise.withResolvers ? Promise.withResolvers() : resolvers();
  const getWeather = tool({
    description: "Tells the weather.",
    input: city,
    run: () => {
      seen.resolve(storage.getStore());
      return { temperature: 11 };
    },
  });
  const talk = await storage.run("ours", () => Conversation.connect({ service, tools: { get_weather: getWeather } }));
  await talk.sendText("What is the weather like?");
  assert.equal(await seen.promise, "ours");
  talk.drop();
});

test("a tool without a function is answered by the application", within, async () => {
  const tools = { get_weather: { description: "Tells the weather.", inputSchema: city } };
  await using talk = await Conversation.connect({ service, tools });
  await talk.sendText("What is the weather like?");
  const { event } = await until(talk, "toolCall");
  assert.equal(typeof event.arguments.city, "string");
  await talk.answerTool(event.id, { result: { temperature: 11 } });
  const { seen } = await until(talk, "turnEnded");
  assert.equal(seen.find(({ type }) => type === "toolDone").outcome, "answered");
  await assert.rejects(talk.answerTool(event.id, { error: "too late" }), Misuse);
});

test("what cannot be a tool is refused at once", within, async () => {
  assert.throws(() => tool({ input: city }), Misuse);
  const getWeather = tool({ description: "Tells the weather.", input: v.object({ city: v.string() }), run: () => 1 });
  for (const [tools, sentence] of [
    [{ get_weather: getWeather }, /valibot that gives no JSON Schema/],
    [[tool({ run: () => 1 })], /no tool with a name/],
    [[tool({ name: "a", run: () => 1 }), tool({ name: "a", run: () => 2 })], /two tools of the name a/],
  ]) {
    await assert.rejects(
      Conversation.connect({ service, tools }),
      (error) => error instanceof Misuse && sentence.test(error),
    );
  }
});

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
