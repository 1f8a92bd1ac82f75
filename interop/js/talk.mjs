// Holds a two-turn conversation through the official JavaScript SDK.
//
//   node talk.mjs ENDPOINT MODEL
//
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for https://, NODE_EXTRA_CA_CERTS come from the environment. Prints every
// event as one line of JSON (audio as its length) and leaves with 1 if the conversation is not what it should be.

import { BedrockRuntimeClient, InvokeModelWithBidirectionalStreamCommand } from "@aws-sdk/client-bedrock-runtime";

const [endpoint, modelId] = process.argv.slice(2);
const TURNS = 2;
const PIECE_MS = 32;
const RATE = 16000;
const PROMPT = { promptName: "p-1" };
const SYSTEM = { ...PROMPT, contentName: "c-system" };
const AUDIO = { ...PROMPT, contentName: "c-audio" };

const heard = { transcripts: 0, answers: 0, audioBytes: 0, completionEnd: 0 };
const deadline = setTimeout(() => fail("no end within 90 s"), 90_000);

function fail(why) {
  console.log(JSON.stringify({ failed: why, heard }));
  process.exit(1);
}

function piece(at, loudness) {
  const samples = Buffer.alloc((RATE * PIECE_MS) / 1000 * 2);
  for (let i = 0; i < samples.length / 2; i++) {
    const t = (at * samples.length / 2 + i) / RATE;
    samples.writeInt16LE(Math.round(loudness * Math.sin(2 * Math.PI * 330 * t)), 2 * i);
  }
  return { audioInput: { ...AUDIO, content: samples.toString("base64") } };
}

function* opening() {
  const text = { mediaType: "text/plain" };
  const lpcm = { mediaType: "audio/lpcm", sampleSizeBits: 16, channelCount: 1, audioType: "SPEECH", encoding: "base64" };
  yield { sessionStart: { inferenceConfiguration: { maxTokens: 1024, topP: 0.9, temperature: 0.7 } } };
  yield {
    promptStart: {
      ...PROMPT,
      textOutputConfiguration: text,
      audioOutputConfiguration: { ...lpcm, sampleRateHertz: 24000, voiceId: "matthew" },
    },
  };
  yield { contentStart: { ...SYSTEM, type: "TEXT", interactive: false, role: "SYSTEM", textInputConfiguration: text } };
  yield { textInput: { ...SYSTEM, content: "Answer in one sentence." } };
  yield { contentEnd: SYSTEM };
  yield {
    contentStart: {
      ...AUDIO, type: "AUDIO", interactive: true, role: "USER",
      audioInputConfiguration: { ...lpcm, sampleRateHertz: RATE },
    },
  };
}

// Speaks for 1.6 s, then keeps silence until the answer is over; twice; then closes.
async function* conversation() {
  yield* opening();
  let at = 0;
  for (let turn = 1; turn <= TURNS; turn++) {
    for (let i = 0; i < 50; i++, at++) {
      yield piece(at, 9000);
      await tick();
    }
    while (heard.answers < turn) {
      yield piece(at++, 0);
      await tick();
    }
  }
  yield { contentEnd: AUDIO };
  yield { promptEnd: PROMPT };
  yield { sessionEnd: {} };
}

// Four times real time: the emulator counts sound, not seconds.
const tick = () => new Promise((resolve) => setTimeout(resolve, PIECE_MS / 4));

async function* encoded(events) {
  for await (const event of events) {
    yield { chunk: { bytes: new TextEncoder().encode(JSON.stringify({ event })) } };
  }
}

let stage = "";
function note(event) {
  const [name, body] = Object.entries(event)[0];
  if (name === "contentStart") stage = `${body.type} ${body.role}`;
  if (name === "textOutput" && stage === "TEXT USER") heard.transcripts++;
  if (name === "audioOutput") heard.audioBytes += Buffer.from(body.content, "base64").length;
  if (name === "contentEnd" && body.type === "AUDIO" && body.stopReason === "END_TURN") heard.answers++;
  if (name === "completionEnd") heard.completionEnd++;
  const shown = name === "audioOutput" ? { bytes: body.content.length } : body;
  console.log(JSON.stringify({ [name]: shown }));
}

try {
  const client = new BedrockRuntimeClient({ region: "us-east-1", endpoint, maxAttempts: 1 });
  const body = encoded(conversation());
  const response = await client.send(new InvokeModelWithBidirectionalStreamCommand({ modelId, body }));
  for await (const part of response.body) {
    if (!part.chunk) fail(`not a chunk: ${Object.keys(part)}`);
    note(JSON.parse(new TextDecoder().decode(part.chunk.bytes)).event);
  }
  client.destroy();
} catch (error) {
  fail(`${error.name}: ${error.message}`);
}
clearTimeout(deadline);
if (heard.transcripts !== TURNS || heard.answers !== TURNS || heard.completionEnd !== 1 || heard.audioBytes < 10_000) {
  fail("the conversation is not what it should be");
}
console.log(JSON.stringify({ ok: heard }));
