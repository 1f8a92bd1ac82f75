"""Calls by this package, as an application makes them: one task speaks, one listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic_ns

import shared

from bedrock_nova import AssistantAudio, Bedrock, Closed, Conversation, Credentials, LimitReached

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

MARK, pack = shared.MARK, shared.STAMP.pack_into


async def speak(talk: Conversation, call: int) -> None:
    """Say 20 ms 50 times a second."""
    chunk = bytearray(shared.pcm(16_000, 20))
    pulse = shared.Pulse(call)
    while True:
        seq, due = await pulse.next()
        pack(chunk, 0, MARK, seq, due, monotonic_ns())
        offer(talk, chunk)


async def read_out(talk: Conversation) -> None:
    """Say 1 KiB after 1 KiB without end."""
    chunk = bytearray(shared.pcm(16_000, 32))
    seq = 0
    while True:
        now = monotonic_ns()
        pack(chunk, 0, MARK, seq, now, now)
        await talk.send_audio(chunk)
        seq += 1


async def flood(talks: list[Conversation]) -> None:
    """Say 4 KiB for every call 50 times a second, 1 KiB at a time."""
    chunk = bytearray(shared.pcm(16_000, 32))
    pulse = shared.Pulse(0)
    while True:
        beat, due = await pulse.next()
        for talk in talks:
            for part in range(shared.FLOOD):
                pack(chunk, 0, MARK, beat * shared.FLOOD + part, due, monotonic_ns())
                offer(talk, chunk)


def offer(talk: Conversation, chunk: bytearray) -> None:
    """Hand a chunk over; one that is not taken is missed at the other side."""
    try:  # noqa: SIM105 - a context manager would cost a third of what is measured
        talk.try_send_audio(chunk)
    except LimitReached:
        pass


async def listen(talk: Conversation, hear: Callable[[bytes], None]) -> None:
    """Hear every piece."""
    async for event in talk:
        match event:
            case AssistantAudio(pcm=pcm):
                hear(pcm)
            case Closed():
                raise RuntimeError(repr(event))


async def main() -> None:
    """Open the calls over one transport."""
    url, ca = words.join
    keys = Credentials(ACCESS_KEY, SECRET_KEY)
    service = Bedrock(endpoint_url=url, ca_bundle=ca, region="us-east-1", credentials=keys)
    books = shared.Books()
    asked = shared.Asked(words, books)
    opened = 0

    async def open_calls(count: int) -> None:
        nonlocal opened
        talks = []
        for _ in range(count):
            talk = await Conversation.connect(service=service)
            if words.speech == "live":
                asked.start(speak(talk, opened))
            elif words.speech == "file":
                asked.start(read_out(talk))
            elif words.speech == "flood":
                talks.append(talk)
            asked.start(listen(talk, books.ear()))
            opened += 1
        if talks:
            asked.start(flood(talks))
        await asyncio.sleep(0)

    await asked.run(open_calls)


if __name__ == "__main__":
    words = shared.read_words()
    shared.run(main(), words.loop)
