// Calls by this package, as an application makes them: a timer speaks, a loop listens.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import * as shared from "./shared.mjs";

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const words = shared.readWords();
const entry = createRequire(`${words.packages}/`).resolve("bedrock-nova");
const { Bedrock, Conversation, LimitReached } = await import(pathToFileURL(entry));

const service = new Bedrock({ endpointUrl: words.url, caBundle: words.ca, region: "us-east-1", credentials: KEYS });
const books = new shared.Books();
const held = [];
let opened = 0;

/** Says 20 ms 50 times a second. */
function speak(talk, call) {
  const chunk = new shared.Stamped(shared.pcm(16_000, 20));
  new shared.Pulse(call).start((seq, due) => offer(talk, chunk.write(seq, due)));
}

/** Says 1 KiB after 1 KiB without end. */
async function readOut(talk) {
  const chunk = new shared.Stamped(shared.pcm(16_000, 32));
  for (let seq = 0; ; seq++) await talk.sendAudio(chunk.write(seq, shared.now()));
}

/** Says 4 KiB for every call 50 times a second, 1 KiB at a time. */
function flood(talks) {
  const chunk = new shared.Stamped(shared.pcm(16_000, 32));
  new shared.Pulse(0).start((beat, due) => {
    for (const talk of talks) {
      for (let part = 0; part < shared.FLOOD; part++) {
        offer(talk, chunk.write(beat * shared.FLOOD + part, due));
      }
    }
  });
}

/** Hands a chunk over; one that is not taken is missed at the other side. */
function offer(talk, chunk) {
  try {
    talk.trySendAudio(chunk);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
  }
}

/** Hears every piece. */
async function listen(talk, hear) {
  for await (const event of talk) {
    if (event.type === "audio") hear(event.pcm);
    else if (event.type === "closed") throw new Error(JSON.stringify(event));
  }
}

await shared.live(words, books, async (count) => {
  const talks = [];
  for (let at = 0; at < count; at++) {
    const talk = await Conversation.connect({ service });
    if (words.speech === "live") speak(talk, opened);
    else if (words.speech === "file") shared.start(readOut(talk));
    else if (words.speech === "flood") talks.push(talk);
    shared.start(listen(talk, books.ear()));
    held.push(talk);
    opened += 1;
  }
  if (talks.length > 0) flood(talks);
});
