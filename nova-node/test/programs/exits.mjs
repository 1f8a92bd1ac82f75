import { Conversation } from "bedrock-nova";

const talks = await Promise.all([1, 2, 3, 4, 5].map(() => Conversation.connect()));
for (const talk of talks) {
  await talk.sendText("What can you do?");
  void talk.closed();
  void talk.sendAudio(new Uint8Array(10_000_000));
  await talk[Symbol.asyncIterator]().next();
}
process.exit(3);
