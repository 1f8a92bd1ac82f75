// Asks a question and prints both sides.

import { Conversation } from "bedrock-nova";

const talk = await Conversation.connect({ system: "Answer shortly.", voice: "tiffany" });
await talk.sendText("What can you do for me?");
for await (const event of talk) {
  switch (event.type) {
    case "audio":
      event.pcm; // play it: 24 kHz, 16 bit, mono
      break;
    case "transcript":
      if (event.stage === "final") console.log(`${event.role}: ${event.text}`);
      break;
    case "turnEnded":
      talk.finish();
  }
}
