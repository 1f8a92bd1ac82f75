// Calls by hand on the official SDK for JavaScript: the least that sends and hears audio on it.
//
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and NODE_EXTRA_CA_CERTS come from the environment.

import { createRequire } from "node:module";

import * as shared from "./shared.mjs";

const words = shared.readWords();
const { BedrockRuntimeClient, InvokeModelWithBidirectionalStreamCommand } = createRequire(`${words.packages}/`)(
  "@aws-sdk/client-bedrock-runtime",
);

const MODEL = "amazon.nova-2-5-sonic";
const PROMPT = "5f0a4c1e-6b1d-4f7e-9a53-0d5a8c0f2b11";
const CONTENT = "0c9f1d3a-2b47-4a60-8f0e-7a1c5d9e3b22";
const BEFORE = `{"event":{"audioInput":{"promptName":"${PROMPT}","contentName":"${CONTENT}","content":"`;
const AFTER = '"}}}';

const client = new BedrockRuntimeClient({ region: "us-east-1", endpoint: words.url, maxAttempts: 1 });
const books = new shared.Books();
const encoder = new TextEncoder();
let opened = 0;

const wrapped = (text) => ({ chunk: { bytes: encoder.encode(text) } });

function event(chunk, seq, due) {
  return wrapped(BEFORE + chunk.write(seq, due).toString("base64") + AFTER);
}

/** Says 20 ms 50 times a second; the SDK pulls, so what is due waits in a list. */
async function* speak(call) {
  yield wrapped('{"event":{"sessionStart":{}}}');
  const chunk = new shared.Stamped(shared.pcm(16_000, 20));
  const due = [];
  let wake = () => {};
  new shared.Pulse(call).start((seq, when) => {
    due.push(event(chunk, seq, when));
    wake();
  });
  for (;;) {
    if (due.length > 0) yield due.shift();
    else
      await new Promise((resolve) => {
        wake = resolve;
      });
  }
}

/** Says 1 KiB after 1 KiB as fast as the SDK takes it. */
async function* readOut() {
  yield wrapped('{"event":{"sessionStart":{}}}');
  const chunk = new shared.Stamped(shared.pcm(16_000, 32));
  for (let seq = 0; ; seq++) {
    yield event(chunk, seq, shared.now());
    // Or nothing else of this process runs, not even the answers to the starter.
    if (seq % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Hears every piece. */
async function listen(response, hear) {
  const decoder = new TextDecoder();
  for await (const part of response.body) {
    const said = JSON.parse(decoder.decode(part.chunk.bytes)).event.audioOutput;
    if (said !== undefined) hear(Buffer.from(said.content, "base64"));
  }
}

await shared.live(words, books, async (count) => {
  for (let at = 0; at < count; at++) {
    const body = words.speech === "live" ? speak(opened) : readOut();
    const response = await client.send(new InvokeModelWithBidirectionalStreamCommand({ modelId: MODEL, body }));
    shared.start(listen(response, books.ear()));
    opened += 1;
  }
});
