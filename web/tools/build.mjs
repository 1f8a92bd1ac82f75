// Builds `dist`: the element, the page and the two worklets, each one file that needs no other host.
import { cp, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

/** Builds into a folder; what is made depends on the sources alone. */
export async function make(folder) {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: {
      "nova-voice": path("src/nova-voice.ts"),
      page: path("src/page/page.ts"),
      "capture.worklet": path("src/worklets/capture.ts"),
      "playback.worklet": path("src/worklets/playback.ts"),
    },
    outdir: folder,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    absWorkingDir: path("."),
    logLevel: "warning",
    // The page uses the same element as everybody else.
    external: ["./nova-voice.js"],
    plugins: [{ name: "element", setup: beside }],
  });
  for (const name of ["index.html", "page.css", "icon.svg", "question.wav"]) {
    await cp(path(`src/page/${name}`), `${folder}/${name}`);
  }
}

/** The page imports the element from beside itself, wherever its source is. */
function beside(bundler) {
  bundler.onResolve({ filter: /^\.\.\/nova-voice\.js$/ }, () => ({ path: "./nova-voice.js", external: true }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await rm(path("dist"), { recursive: true, force: true });
  await make(path("dist"));
}
