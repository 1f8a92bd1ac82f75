// Makes the tarballs of the four packages: `node scripts/pack.mjs BUILT OUT`, where BUILT is the folder that cargo built into
// and OUT the one that they go to. Prints where they are, one a line.

import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { platform } from "./platform.mjs";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(here, "..");
const [built, out] = process.argv.slice(2).map((folder) => resolve(folder));
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const { version } = read(join(here, "package.json"));
const [os, cpu, libc] = platform().split("-");
const LIBC = { gnu: "glibc", musl: "musl" };

/** A package with these files, each `[where it is, what it is called]`. */
function pack(manifest, files) {
  const folder = join(out, "staged", manifest.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [from, to] of [...files, ...["LICENSE-APACHE", "LICENSE-MIT"].map((name) => [join(root, name), name])]) {
    cpSync(from, join(folder, to), { recursive: true, dereference: true });
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const words = ["pack", "--json", "--pack-destination", out, folder];
  const [{ filename, size }] = JSON.parse(
    execFileSync("npm", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  console.log(`${join(out, filename)} ${(size / 1e6).toFixed(1)} MB`);
}

/** What a package for everybody says, with the package of each platform beside it. */
function general(manifest) {
  const { private: _, scripts: __, devDependencies: ___, ...kept } = manifest;
  if (kept.version !== version) throw new Error(`${kept.name} is of version ${kept.version}, not ${version}`);
  return { ...kept, optionalDependencies: { [`${kept.name}-${platform()}`]: version } };
}

/** What a package for this platform says. */
function special({ name, license, engines }, what, fields) {
  return {
    name: `${name}-${platform()}`,
    version,
    description: `${what} for ${platform()}; installed by ${name}.`,
    license,
    type: "commonjs",
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [LIBC[libc]] }),
    ...fields,
  };
}

function readme(name, what) {
  const file = join(out, "staged", `${name}.md`);
  writeFileSync(
    file,
    `# ${name}-${platform()}\n\n${what} of \`${name}\` for ${platform()}. It is installed by \`${name}\`.\n`,
  );
  return [file, "README.md"];
}

mkdirSync(join(out, "staged"), { recursive: true });
const library = read(join(here, "package.json"));
const addon = `bedrock-nova.${platform()}.node`;
pack(
  general(library),
  ["dist", "native.cjs", "README.md"].map((name) => [join(here, name), name]),
);
pack(special(library, "The native half of bedrock-nova", { main: addon, files: [addon] }), [
  [join(built, process.platform === "darwin" ? "libbedrock_nova_node.dylib" : "libbedrock_nova_node.so"), addon],
  readme(library.name, "The native half"),
]);
const npm = join(root, "nova-cli", "npm");
const command = read(join(npm, "package.json"));
pack(
  general(command),
  ["bin.cjs", "index.cjs", "README.md"].map((name) => [join(npm, name), name]),
);
chmodSync(join(built, "bedrock-nova"), 0o755);
pack(special(command, "The command bedrock-nova", { files: ["bedrock-nova"] }), [
  [join(built, "bedrock-nova"), "bedrock-nova"],
  readme(command.name, "The program"),
]);
rmSync(join(out, "staged"), { recursive: true });
