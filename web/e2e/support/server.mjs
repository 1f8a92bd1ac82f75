// A server under test: one that runs, or a process of its own with settings, and a road to it that can be cut.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../../../examples/fastapi", import.meta.url));
const DEADLINE = 30_000;

/** Whether tests can have servers with settings of their own. */
export const canStart = process.env.BASE_URL === undefined || process.env.SERVER_COMMAND !== undefined;

/** A server with these settings; without any it may be the one that runs. */
export async function startServer(settings = {}) {
  const own = Object.keys(settings).length > 0;
  if (process.env.BASE_URL && !(own && canStart)) return { url: process.env.BASE_URL, stop: async () => {} };
  const port = await freePort();
  const command = process.env.SERVER_COMMAND;
  const words = command
    ? command.split(" ").map((word) => (word === "$PORT" ? String(port) : word))
    : [process.env.PYTHON ?? "python3", ..."-m uvicorn app.main:app --host 127.0.0.1 --port".split(" "), String(port)];
  const plain = Object.entries(process.env).filter(([name]) => !/^(AWS_|BEDROCK_MODEL)/.test(name));
  const given = { BEDROCK_NOVA_ENDPOINT: "emulator", AWS_REGION: "us-east-1", PORT: String(port), ...settings };
  const child = spawn(words[0], words.slice(1), {
    cwd: command ? undefined : EXAMPLE,
    env: { ...Object.fromEntries(plain), ...given },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
  const url = `http://127.0.0.1:${port}`;
  const stop = () => end(child);
  try {
    await healthy(url, child);
  } catch (error) {
    await stop();
    throw new Error(`${error.message}; it said:\n${log}`);
  }
  return { url, stop };
}

async function healthy(url, child) {
  const until = Date.now() + DEADLINE;
  while (Date.now() < until && child.exitCode === null) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the server did not come up");
}

/** Ends it and all that it has started. */
async function end(child) {
  if (child.exitCode !== null) return;
  const gone = once(child, "exit");
  const late = setTimeout(() => process.kill(-child.pid, "SIGKILL"), 8000);
  process.kill(-child.pid, "SIGTERM");
  await gone;
  clearTimeout(late);
}

/** A road to a server that can be cut: connections break, and none is let in until it is mended. */
export async function road(url) {
  const target = new URL(url);
  const open = new Set();
  let isOpen = true;
  const listener = createServer((near) => {
    if (!isOpen) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    const pair = { near, far };
    open.add(pair);
    near.pipe(far).pipe(near);
    for (const one of [near, far]) {
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => {
    for (const { near, far } of open) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** Breaks what there is; `closed` lets nothing in afterwards. */
    cut(state = "open") {
      isOpen = state !== "closed";
      cut();
    },
    mend() {
      isOpen = true;
    },
    async stop() {
      cut();
      listener.close();
    },
  };
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
