"""Asks a question and prints both sides."""

import asyncio

from bedrock_nova import AssistantAudio, Conversation, Transcript, TurnEnded


async def main() -> None:
    async with Conversation(system="Answer shortly.", voice="tiffany") as talk:
        await talk.send_text("What can you do for me?")
        async for event in talk:
            match event:
                case AssistantAudio(pcm=_):
                    ...  # play it: 24 kHz, 16 bit, mono
                case Transcript(role=role, text=text, final=True):
                    print(f"{role}: {text}")
                case TurnEnded():
                    talk.finish()


asyncio.run(main())
