import { readdirSync } from "node:fs";
import { Bedrock, Conversation } from "bedrock-nova";
import { hub } from "../../dist/hub.js";

const service = new Bedrock();

async function cycles(count) {
  for (let at = 0; at < count; at++) {
    const talk = await Conversation.connect({ service });
    await talk[Symbol.asyncIterator]().next();
    await talk.close();
    talk.drop();
  }
  for (let at = 0; at < 5; at++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { rss: process.memoryUsage.rss(), descriptors: readdirSync("/proc/self/fd").length };
}

const half = Number(process.argv[2]) / 2;
const first = await cycles(half);
const second = await cycles(half);
const descriptors = Math.max(0, second.descriptors - first.descriptors);
console.log(JSON.stringify({ grown: second.rss - first.rss, waiters: hub.size.waiters, descriptors }));
