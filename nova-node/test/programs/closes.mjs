import { Conversation } from "bedrock-nova";

const talks = await Promise.all([1, 2, 3].map(() => Conversation.connect()));
for (const talk of talks) await talk.close();
console.log("closed");
