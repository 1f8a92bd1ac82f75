// Builds the native half, and the command for the tests, from the checkout, and puts the first where native.cjs looks for it:
// `node scripts/native.mjs [PROFILE]`, a profile of cargo's, `release` if none is named.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { platform } from "./platform.mjs";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(here, "..");
const profile = process.argv[2] ?? "release";
const packages = ["--package", "bedrock-nova-node", "--package", "bedrock-nova-cli"];
execFileSync("cargo", ["build", "--locked", "--profile", profile, ...packages], { cwd: root, stdio: "inherit" });
const built = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), profile === "dev" ? "debug" : profile);
const file = join(here, "native", `bedrock-nova.${platform()}.node`);
mkdirSync(dirname(file), { recursive: true });
// Away first: a process that has the old one open keeps it.
rmSync(file, { force: true });
copyFileSync(
  join(built, process.platform === "darwin" ? "libbedrock_nova_node.dylib" : "libbedrock_nova_node.so"),
  file,
);
console.log(`${file}\nfor the tests: export BEDROCK_NOVA_COMMAND=${join(built, "bedrock-nova")}`);
