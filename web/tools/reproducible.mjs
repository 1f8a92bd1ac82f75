// Builds once more and compares: what is committed in `dist` is what the sources make.
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { make } from "./build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "nova-voice-"));

async function files(base) {
  const found = await readdir(base, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => path.slice(base.length + 1)).sort();
}

try {
  await make(folder);
  execFileSync(process.execPath, [
    join(root, "node_modules/typescript/bin/tsc"),
    ...["-p", join(root, "tsconfig.types.json"), "--outDir", join(folder, "types")],
  ]);
  const dist = join(root, "dist");
  const [made, kept] = await Promise.all([files(folder), files(dist)]);
  const different = [...new Set([...made, ...kept])].filter((name) => !made.includes(name) || !kept.includes(name));
  for (const name of made.filter((one) => kept.includes(one))) {
    const [a, b] = await Promise.all([readFile(join(folder, name)), readFile(join(dist, name))]);
    if (!a.equals(b)) different.push(name);
  }
  if (different.length > 0) {
    console.error(`dist is not what the sources make: ${different.join(", ")}. Run \`npm run build\` and commit it.`);
    process.exitCode = 1;
  } else {
    console.log(`dist: ${made.length} files, as the sources make them`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
