import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { emulatorOf, folder, SOON } from "./support.mjs";

const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const [call, tools, pool, tests, server] = [...page.matchAll(/^```js\n(.*?)^```/gms)].map(([, program]) => program);
const within = { timeout: SOON };
// Inside the package, so that a program finds it by its name.
const place = new URL(`../build/readme-${process.pid}/`, import.meta.url);
mkdirSync(place, { recursive: true });
after(() => rmSync(place, { recursive: true }));

async function runs(name, program, options, words = []) {
  const { env } = await emulatorOf(options);
  const file = fileURLToPath(new URL(`${name}.mjs`, place));
  writeFileSync(file, program);
  const variables = { ...process.env, ...env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, [...words, file], { env: variables });
  let said = "";
  child.stdout.on("data", (data) => (said += data));
  child.stderr.on("data", (data) => (said += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 0, said);
  return said;
}

test("the first program prints both lines", within, async () => {
  assert.match(await runs("call", call, {}), /^user: What can you do for me\?\nassistant: /);
});

test("the tool is run", within, async () => {
  assert.equal(await runs("tools", tools, { scenario: "tools" }), "get_weather answered\n");
});

test("the pool keeps its call", within, async (t) => {
  const here = pool.replace("/var/lib/my-app/calls", folder(t));
  assert.equal(await runs("pool", here, {}), "1 true\n1 true\n");
});

test("the test passes", within, async () => {
  assert.match(await runs("test", tests, {}, ["--test"]), /pass 1\b/);
});

test("the server answers whom it knows, and ends when it is told to", within, async () => {
  // It says where it is, and is asked and told to end there.
  const asked = `
    const url = "http://127.0.0.1:" + app.server.address().port + "/voice";
    const stranger = await fetch(url + "/session/start", { method: "POST" });
    const known = await fetch(url + "/session/start", { method: "POST", headers: { "x-user": "ann" } });
    console.log(stranger.status, (await stranger.json()).error.message, known.status, pool.stats().live);
    process.kill(process.pid, "SIGTERM");`;
  const brief = server.replace("8000", "0").replace("30_000", "0");
  assert.match(await runs("server", brief + asked, {}), /^http:.*\n401 Sign in first\. 200 1\n$/);
});

test("the programs are good TypeScript too", within, async () => {
  const files = Object.entries({ call, tools, pool, tests, server }).map(([name, program]) => {
    writeFileSync(new URL(`${name}.mts`, place), program);
    return `${name}.mts`;
  });
  const config = new URL("tsconfig.json", place);
  writeFileSync(config, JSON.stringify({ extends: "../../tsconfig.json", files, include: [] }));
  const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(config)], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("the program of the page of languages prints what the other two print", within, async () => {
  const shared = (name) => readFileSync(new URL(`../../examples/languages/${name}`, import.meta.url), "utf8");
  assert.equal(await runs("languages", shared("hello.mjs"), {}), shared("hello.txt"));
});

test("the program of the first page prints the weather", within, async () => {
  const first = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [[, program]] = first.matchAll(/^```js\n(.*?)^```/gms);
  assert.match(await runs("first", program, {}), /11 degrees/);
});
