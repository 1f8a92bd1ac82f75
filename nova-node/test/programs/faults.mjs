// Holds a call with an emulator of each fault, in a session and at its opening, and tells how it ended. What nobody catches
// ends this process.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Conversation, NovaError } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";

const folder = mkdtempSync(join(tmpdir(), "bedrock-nova-faults-"));
const timeouts = { connect: 4_000, answer: 4_000, recover: 1_000 };

async function hold(fault, when, expected) {
  const file = join(folder, `${Math.random()}.json`);
  const turns = [{ heard: "Hello?", answer: ["A sentence that goes on for a while.", "And another one after it."] }];
  const faults = [`${fault}@${when}`];
  writeFileSync(file, JSON.stringify({ version: 1, name: "fault", language: "en-US", turns, faults }));
  await using emulator = await startEmulator({ scenario: file, pace: 40 });
  const told = { fault, when, expected, outcome: "failed", error: null, reconnected: false };
  try {
    await using talk = await Conversation.connect({
      service: emulator.service(),
      timeouts,
      idle: { longestCall: 12_000 },
    });
    // Nobody waits for these, as in an application that streams a microphone.
    void talk.sendAudio(new Uint8Array(320_000)).catch(ours);
    await talk.sendText("Hello?").catch(ours);
    for await (const event of talk) {
      if (event.type === "reconnecting") told.reconnected = true;
      if (event.type === "turnEnded" && event.end === "answered") talk.finish();
      if (event.type === "closed") Object.assign(told, { outcome: event.reason, error: event.error });
    }
  } catch (error) {
    told.error = ours(error);
  }
  console.log(JSON.stringify(told));
}

function ours(error) {
  if (error instanceof NovaError) return error;
  throw error;
}

const cases = JSON.parse(process.argv[2]).flatMap(({ fault, inSession, opening }) => [
  ...(inSession === "–" ? [] : [[fault, "event:audioOutput:3", inSession]]),
  [fault, "opening", opening],
]);
async function work() {
  for (let next = cases.shift(); next; next = cases.shift()) await hold(...next);
}
await Promise.all(Array.from({ length: 12 }, work));
rmSync(folder, { recursive: true });
