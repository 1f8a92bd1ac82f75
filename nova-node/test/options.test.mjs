import assert from "node:assert/strict";
import { test } from "node:test";
import { Bedrock, Conversation, ConversationPool, Misuse, RawSession, tool } from "bedrock-nova";
import { voice } from "bedrock-nova/fastify";
import { startEmulator } from "bedrock-nova/testing";
import Fastify from "fastify";
import { SOON } from "./support.mjs";

// Nothing here gets as far as the network.
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
const service = new Bedrock({ endpointUrl: "http://127.0.0.1:9", region: "us-east-1", credentials });
const within = { timeout: SOON };
const connect = (options) => Conversation.connect({ service, timeouts: { connect: 300, recover: 300 }, ...options });
const run = () => 1;

async function refused(act, name, message, hint) {
  await assert.rejects(
    async () => act(),
    (error) => {
      assert.deepEqual([error.name, error.code, error.message], [name, "options", message]);
      if (hint !== undefined) assert.match(error.hint, hint);
      return true;
    },
  );
}

test("a name that is none is told with its path, and the names there are", within, async () => {
  for (const [act, whose, hint] of [
    [() => connect({ voise: "tiffany" }), "A call has no option `voise`.", /^It has system, voice, .*service\.$/],
    [
      () => connect({ budget: { costs: {} } }),
      "There is no option `budget.costs`.",
      /^`budget` has tokens, cost, time/,
    ],
    [() => connect({ budget: { cost: { sofd: "1" } } }), "There is no option `budget.cost.sofd`.", /soft, hard/],
    [() => connect({ timeouts: { tol: 5 } }), "There is no option `timeouts.tol`.", /connect, answer, tool/],
    [() => connect({ idle: { notice: 5 } }), "There is no option `idle.notice`.", /tell, hangUp/],
    [() => connect({ renewal: { x: 1 } }), "There is no option `renewal.x`.", /from, atTheLatest/],
    [() => connect({ history: [{ rol: "user" }] }), "There is no option `history[0].rol`.", /role, text/],
    [() => tool({ run, dedline: 5 }), "A tool has no option `dedline`.", /deadline/],
    [() => new Bedrock({ regoin: "us-east-1" }), "A service has no option `regoin`.", /region, profile/],
    [() => Conversation.resume("{}", { tool: {} }), "A call that is resumed has no option `tool`.", /service, tools/],
    [() => ConversationPool.start({ conversation: 1 }), "A pool has no option `conversation`.", /conversations/],
    [
      () => ConversationPool.start({ ownerBudget: { budget: { token: {} }, per: 5 } }),
      "There is no option `ownerBudget.budget.token`.",
      /tokens/,
    ],
    [() => RawSession.open({ opening: [], modle: "x" }), "A raw session has no option `modle`.", /model/],
    [() => startEmulator({ pase: 4 }), "An emulator has no option `pase`.", /pace/],
  ]) {
    await refused(act, "Misuse", whose, hint);
  }
});

test("an option of another shape is told what it must be", within, async () => {
  for (const [act, sentence, hint] of [
    [() => connect({ budget: 5 }), "`budget` is an object, not the number 5.", /tokens, cost/],
    [() => connect({ timeouts: 5 }), "`timeouts` is an object, not the number 5.", /connect/],
    [() => connect({ idle: [5] }), "`idle` is an object, not a list.", /hangUp/],
    [() => connect({ tools: 5 }), "`tools` is an object of tools by their names, not the number 5.", /tool\(\{/],
    [() => Conversation.connect("hello"), 'What is given is an object of options, not the string "hello".', /system/],
    [() => Conversation.connect({ service: {} }), "`service` is a Bedrock, not an object.", /new Bedrock\(/],
  ]) {
    await refused(act, "Misuse", sentence, hint);
  }
  await assert.rejects(RawSession.open({ service }), { name: "Misuse", message: "`opening` is missing." });
  await assert.rejects(ConversationPool.start({ ownerBudget: { per: 5 } }), {
    message: "`ownerBudget.budget` is missing.",
  });
});

test("the plugin's options are looked at as deep", within, async () => {
  await using pool = await ConversationPool.start({ service });
  const register = (options) => () =>
    Fastify()
      .register(voice, { pool, ...options })
      .ready();
  await refused(register({ defualts: {} }), "Misuse", "The voice plugin has no option `defualts`.", /defaults/);
  await refused(register({ defaults: { voise: "a" } }), "Misuse", "There is no option `defaults.voise`.", /voice/);
  await refused(register({ rate: { perSecond: 1, brust: 2 } }), "Misuse", "There is no option `rate.brust`.", /burst/);
  await refused(register({ rate: "5" }), "Invalid", '`rate` is a number, not the string "5".');
  await refused(register({ tickets: { lief: 5 } }), "Misuse", "There is no option `tickets.lief`.", /secret, life/);
  await refused(register({ tickets: 5 }), "Misuse", "`tickets` is an object, not the number 5.", /secret/);
  await refused(register({ pool: {} }), "Misuse", "`pool` is a pool, not an object.", /ConversationPool\.start/);
  const tokens = { "a-long-secret": 5 };
  await assert.rejects(register({ tokens })(), (error) => error instanceof Misuse && !/secret/.test(error.message));
});

test(
  "values of another type are told by their names, and places in JSON that nobody wrote are not",
  within,
  async () => {
    for (const [options, sentence] of [
      [{ temperature: "0.5" }, '`temperature` is a number, not the string "0.5".'],
      [{ temperature: Number.NaN }, "`temperature` is a number, not the number NaN."],
      [{ maxTokens: 1.5 }, "`maxTokens` is a whole number, 0 or more, not the number 1.5."],
      [{ system: 5 }, "`system` is a string, not the number 5."],
      [{ system: new Date(0) }, "`system` is a string, not a Date."],
      [{ record: () => 1 }, "`record` is a string, not a function."],
      [{ recordInFull: "yes" }, '`recordInFull` is true or false, not the string "yes".'],
      [{ regions: ["a", 7] }, "`regions[1]` is a string, not the number 7."],
      [{ endpointing: "HIGH" }, '`endpointing` is one of high, medium, low, not the string "HIGH".'],
      [
        { history: [{ role: "system", text: "x" }] },
        '`history[0].role` is one of user, assistant, not the string "system".',
      ],
      [{ renewal: { from: "0.5" } }, '`renewal.from` is a number, not the string "0.5".'],
      [{ budget: { tokens: { hard: "5" } } }, '`budget.tokens.hard` is a whole number, 0 or more, not the string "5".'],
      [{ budget: { cost: { hard: 0.25 } } }, '`budget.cost.hard` is decimal text such as "0.25", not the number 0.25.'],
      [{ voice: "x".repeat(99), topP: [] }, "`topP` is a number, not a list."],
    ]) {
      await refused(() => connect(options), "Invalid", sentence);
    }
    await refused(
      () => connect({ regions: "us-east-1" }),
      "Misuse",
      '`regions` is a list of strings, not the string "us-east-1".',
    );
    for (const options of [{ maxTokens: 2 ** 40 }, { inputRate: 44_100 }, { budget: { cost: { hard: "much" } } }]) {
      await assert.rejects(connect(options), (error) => {
        assert.ok(error.name === "Invalid" && error.code === "options", error.code);
        assert.doesNotMatch(error.message, /at line|column/);
        return true;
      });
    }
  },
);

test("a function is no tool, and told how to become one", within, async () => {
  for (const [tools, sentence] of [
    [{ f: () => 1 }, "f is no tool, but a function."],
    [[() => 1], "tools[0] is no tool, but a function."],
    [{ f: "f" }, 'f is no tool, but the string "f".'],
    [{ f: null }, "f is no tool, but null."],
  ]) {
    const hint = "Make it with tool({ description, input, run }).";
    await assert.rejects(connect({ tools }), { name: "Misuse", code: "tools", message: sentence, hint });
  }
});

test("what is opened is not constructed", () => {
  for (const [Made, instead] of [
    [Conversation, /^A call is opened with `await Conversation\.connect\(/],
    [ConversationPool, /^A pool is begun with `await ConversationPool\.start\(/],
    [RawSession, /^A raw session is opened with `await RawSession\.open\(/],
  ]) {
    assert.throws(() => new Made({ voice: "tiffany" }), { name: "Misuse", code: "constructor", message: instead });
  }
});

test("what is left out as null or undefined is left out", within, async () => {
  const nothing = { voice: null, budget: null, idle: undefined, timeouts: { connect: 300, tool: null, recover: 300 } };
  await assert.rejects(connect({ ...nothing, budget: { cost: { hard: null } } }), { retryable: true });
});
