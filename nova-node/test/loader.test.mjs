import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "bedrock-nova";
import { folder } from "./support.mjs";

const { platform } = await import(new URL("../scripts/platform.mjs", import.meta.url).href);
const require = createRequire(import.meta.url);

/** The loader where no native half is beside it. */
function installed(t, native) {
  const here = folder(t);
  for (const name of ["native.cjs", "package.json"]) {
    cpSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), join(here, name));
  }
  if (native !== undefined) {
    const place = join(here, "node_modules", `bedrock-nova-${platform()}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "index.js"), native);
  }
  return () => require(join(here, "native.cjs"));
}

test("a missing native half is named, with what to do", (t) => {
  assert.throws(installed(t), (error) => {
    assert.ok(error.message.includes(`the package bedrock-nova-${platform()}@${version} is not installed`));
    assert.match(error.message, /npm\/cli#4828/);
    assert.equal(error.cause.code, "MODULE_NOT_FOUND");
    return true;
  });
});

test("a native half that cannot be loaded is the cause", (t) => {
  assert.throws(installed(t, "throw new Error('no such symbol')"), (error) => error.cause.message === "no such symbol");
});

test("a native half of another version is refused", (t) => {
  const sentence = new RegExp(`is of version 0\\.0\\.1 and bedrock-nova of ${version.replaceAll(".", "\\.")}`);
  assert.throws(installed(t, "exports.VERSION = '0.0.1'"), sentence);
});
