// A call's sound as Web Streams.

import type { Conversation, Pcm } from "./conversation.js";

/** Takes the user's voice at the pace at which the call takes it. */
export function audioIn(talk: Conversation): WritableStream<Pcm> {
  return new WritableStream<Pcm>({
    write: (pcm) => talk.sendAudio(pcm),
    close: () => talk.command(JSON.stringify({ type: "audioEnd" })),
  });
}

/** Gives the assistant's voice, a piece whenever one is asked for; what was asked for next counts as played before. */
export function audioOut(talk: Conversation): ReadableStream<Buffer> {
  const events = talk.audio();
  let heard: { turn: number; until: number } | undefined;
  return new ReadableStream<Buffer>(
    {
      async pull(stream) {
        if (heard !== undefined) talk.played(heard.turn, heard.until);
        for (;;) {
          const { done, value } = await events.next();
          if (done || value.type === "closed") return stream.close();
          if (value.type === "interrupted") heard = undefined;
          if (value.type !== "audio") continue;
          heard = { turn: value.turn, until: value.offsetMs + (value.pcm.length / 2 / value.rate) * 1e3 };
          return stream.enqueue(value.pcm);
        }
      },
      cancel: () => events.close(),
    },
    // Nothing is read ahead: what nobody has taken is not heard, and an interruption takes it away.
    { highWaterMark: 0 },
  );
}
