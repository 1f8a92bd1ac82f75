import { readdirSync } from "node:fs";
import { Bedrock, Conversation } from "bedrock-nova";
import { hub } from "../../dist/hub.js";

const service = new Bedrock();

async function cycles(count) {
  // An orderly end takes a tenth of a second, so twenty at a time.
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const talk = await Conversation.connect({ service });
      await talk[Symbol.asyncIterator]().next();
      await talk.close();
      talk.drop();
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
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
