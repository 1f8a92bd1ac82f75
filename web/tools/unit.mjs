// Bundles each test and runs it with Node's own runner.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const tests = fileURLToPath(new URL("../test", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "nova-voice-"));
try {
  const entryPoints = (await readdir(tests))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(tests, name));
  await build({
    entryPoints,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
  });
  const files = entryPoints.map((path) => join(folder, path.slice(tests.length + 1).replace(/ts$/, "mjs")));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
