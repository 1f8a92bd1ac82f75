// Compiled, never run: what the types must allow, and what they must not.

import { Conversation, type NovaEvent, tool } from "bedrock-nova";
import { startEmulator } from "bedrock-nova/testing";
import { z } from "zod";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A, _B>(_: Equal<_A, _B>) => {};

/** Every kind of event is known. */
export function told(event: NovaEvent): string | number {
  switch (event.type) {
    case "audio":
      same<typeof event.pcm, Buffer>(true);
      return event.pcm.length / event.rate;
    case "transcript":
      same<typeof event.stage, "speculative" | "final">(true);
      return event.text;
    case "closed":
      return event.error?.hint ?? event.reason;
    case "connected":
    case "userSpeechStarted":
    case "userSpeechEnded":
    case "interrupted":
    case "toolCall":
    case "toolDone":
    case "turnEnded":
    case "usage":
    case "budget":
    case "reconnecting":
    case "renewed":
    case "reviewed":
    case "userIdle":
    case "historyTrimmed":
    case "inputDropped":
    case "gap":
    case "unknown":
      return event.atMs;
    default:
      return event satisfies never;
  }
}

export async function used(): Promise<void> {
  const getWeather = tool({
    description: "Tells the weather.",
    input: z.object({ city: z.string(), days: z.coerce.number().default(1) }),
    run({ city, days }, { signal }) {
      same<typeof city, string>(true);
      same<typeof days, number>(true);
      same<typeof signal, AbortSignal>(true);
      return { city, days };
    },
  });
  const byHand = tool<{ city: string }>({ input: { type: "object" }, run: ({ city }) => city.length });
  await using emulator = await startEmulator({ scenario: "tools" });
  const service = emulator.service();
  const { signal } = new AbortController();
  await using talk = await Conversation.connect({ service, tools: { getWeather, byHand } }, { signal });
  for await (const event of talk) told(event);
  for await (const line of talk.transcripts()) same<typeof line.type, "transcript">(true);
  for await (const sound of talk.audio()) same<typeof sound.type, "audio" | "interrupted" | "closed">(true);
  // @ts-expect-error: there is no such option
  await Conversation.connect({ voise: "tiffany" });
  await Conversation.connect({ service: undefined, timeouts: { connect: undefined } }, { signal: undefined });
  // @ts-expect-error: a call is opened by `connect`
  new Conversation();
  // @ts-expect-error: nor such a rate
  await Conversation.connect({ inputRate: 44_100 });
}
