// Nothing but the call keeps this process alive.
import { Conversation } from "bedrock-nova";

const talk = await Conversation.connect();
await talk.sendText("Hello, who are you?");
(async () => {
  let told = "";
  for await (const event of talk) {
    if (event.type === "turnEnded") {
      told = event.end;
      talk.finish();
    }
    if (event.type === "closed") console.log(told, event.reason);
  }
})();
