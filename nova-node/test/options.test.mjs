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

async function refused(act, name, message, hint = /./) {
  await assert.rejects(
    async () => act(),
    (error) => {
      assert.deepEqual([error.name, error.code, error.message], [name, "options", message]);
      if (name === "Misuse") assert.match(error.hint, hint);
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

test("what is left out as null or undefined is left out", within, async () => {
  const nothing = { voice: null, budget: null, idle: undefined, timeouts: { connect: 300, tool: null, recover: 300 } };
  await assert.rejects(connect({ ...nothing, budget: { cost: { hard: null } } }), { retryable: true });
});
