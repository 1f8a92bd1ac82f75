// Runs the tests in a real browser, one file after the other, against any server of the voice API.
//
//   npm run e2e                                                the FastAPI example, started by PYTHON (python3)
//   SERVER_COMMAND='node server.mjs' npm run e2e               another server; it finds its port in PORT, or at $PORT
//   BASE_URL=http://127.0.0.1:8000 npm run e2e                 one that runs; tests that need another scenario are skipped
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
const chosen = files.filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
const options = ["--test", "--test-concurrency=1", "--test-timeout=120000", "--test-reporter=spec"];
const run = spawnSync(process.execPath, [...options, ...chosen], { cwd: here, stdio: "inherit" });
process.exitCode = run.status ?? 1;
