// What the packages must show where nothing else is installed: a question, and an answer that sounds. `cargo xtask` copies it
// beside them.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Conversation, version } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";

for (const name of ["cargo", "rustc"]) {
  assert.equal(spawnSync(name, ["--version"]).error?.code, "ENOENT", `${name} is on the path, so this shows nothing`);
}
assert.equal(process.env.BEDROCK_NOVA_COMMAND, undefined);
const require = createRequire(import.meta.url);
assert.equal(typeof require("bedrock-nova").Conversation, "function");
for (const name of ["bedrock-nova", "bedrock-nova-cli"]) {
  const manifest = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8"));
  assert.deepEqual([manifest.version, manifest.dependencies, manifest.scripts], [version, undefined, undefined], name);
}
assert.match(execFileSync("node_modules/.bin/bedrock-nova", ["--version"], { encoding: "utf8" }), new RegExp(version));
assert.equal(spawnSync("node_modules/.bin/bedrock-nova", ["no-such-verb"]).status, 2);

const emulator = await startEmulator({ pace: 40, strict: true });
const talk = await Conversation.connect({ service: emulator.service(), system: "Answer in one sentence." });
await talk.sendText("Hello, who are you?");
let seconds = 0;
let ended;
for await (const event of talk) {
  if (event.type === "audio") seconds += event.pcm.length / 2 / event.rate;
  if (event.type === "turnEnded") talk.finish();
  if (event.type === "closed") ended = event;
}
assert.equal(ended.error, null);
assert.ok(seconds > 0.5, `an answer of ${seconds} s`);
await emulator.stop();
console.log(`Node ${process.version}: bedrock-nova ${version} answered, ${seconds.toFixed(1)} s of sound`);
