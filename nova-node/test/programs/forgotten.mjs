import { Conversation } from "bedrock-nova";
import { hub } from "../../dist/hub.js";

let opened = 0;
async function forget() {
  const talk = await Conversation.connect();
  await talk[Symbol.asyncIterator]().next();
  opened += 1;
}
for (let at = 0; at < 20; at++) await forget();
const end = performance.now() + 20_000;
while (hub.size.holds > 0 && performance.now() < end) {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(`${opened} opened, ${hub.size.holds} left`);
process.exit();
