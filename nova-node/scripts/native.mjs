// Builds the native half from the checkout and puts it where native.cjs looks first. `node scripts/native.mjs [PROFILE]`.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { platform } from "../scripts/platform.mjs";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const profile = process.argv[2] ?? "release";
const made = { darwin: "libbedrock_nova_node.dylib", win32: "bedrock_nova_node.dll" }[process.platform];
execFileSync("cargo", ["build", "--locked", "--profile", profile, "--package", "bedrock-nova-node"], {
  cwd: join(here, ".."),
  stdio: "inherit",
});
const folder = process.env.CARGO_TARGET_DIR ?? join(here, "..", "target");
mkdirSync(join(here, "native"), { recursive: true });
const file = join(here, "native", `bedrock-nova.${platform()}.node`);
// Away first: a process that has the old one open keeps it.
rmSync(file, { force: true });
copyFileSync(join(folder, profile === "dev" ? "debug" : profile, made ?? "libbedrock_nova_node.so"), file);
console.log(file);
