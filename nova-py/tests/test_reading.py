"""Iterators: nothing lost, nothing twice, each for itself."""

from __future__ import annotations

import asyncio
import json

import pytest

from bedrock_nova import (
    AssistantAudio,
    Bedrock,
    Closed,
    Conversation,
    Interrupted,
    Misuse,
    Transcript,
    TurnEnded,
)

SOON = 20.0


async def answered(talk: Conversation) -> None:
    """Ask, and wait for the whole answer with a reader of our own."""
    await talk.send_text("What can you do?")
    async with asyncio.timeout(SOON):
        async for event in talk.events():
            if isinstance(event, TurnEnded):
                return


async def test_a_cancelled_wait_loses_nothing(service: Bedrock) -> None:
    seen: list[int] = []
    timeouts = 0
    async with Conversation(service=service) as talk, asyncio.timeout(SOON):
        await talk.send_text("What can you do?")
        while True:
            try:
                event = await asyncio.wait_for(talk.__anext__(), 0.001)
            except TimeoutError:
                timeouts += 1
                continue
            except StopAsyncIteration:
                break
            seen.append(event.seq)
            if isinstance(event, TurnEnded):
                talk.finish()
    assert timeouts > 10
    assert seen == list(range(1, len(seen) + 1))


async def test_leaving_the_loop_closes_nothing(service: Bedrock) -> None:
    numbers: list[int] = []
    async with Conversation(service=service) as talk, asyncio.timeout(SOON):
        await talk.send_text("What can you do?")
        for _ in range(5):
            async for event in talk:
                numbers.append(event.seq)
                break
    assert numbers == [1, 2, 3, 4, 5]


async def test_readers_are_independent_and_go_on_behind_a_number(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await answered(talk)
        talk.finish()
        everything = [event.seq async for event in talk.events()]
        assert everything == list(range(1, everything[-1] + 1))
        half = everything[len(everything) // 2]
        rest = talk.events(after=half)
        assert [event.seq async for event in rest] == everything[half:]
        assert rest.position == everything[-1]
        assert [event async for event in talk][-1] == [event async for event in talk.events()][-1]


async def test_narrow_views_have_their_own_events_alone(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await answered(talk)
        talk.finish()
        sound = [event async for event in talk.audio()]
        lines = [event async for event in talk.transcripts()]
    assert {type(event) for event in sound} == {AssistantAudio, Closed}
    assert isinstance(sound[-1], Closed)
    assert {type(event) for event in lines} == {Transcript}


async def test_two_tasks_on_one_iterator_are_told(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        events = talk.events()
        while not isinstance(await events.__anext__(), object):
            pass
        first = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        with pytest.raises(Misuse, match="Two tasks") as refused:
            await anext(events)
        assert refused.value.code == "two-readers"
        await talk.send_text("What can you do?")
        async with asyncio.timeout(SOON):
            await first


async def test_closing_an_iterator_ends_whoever_waits_for_it(service: Bedrock) -> None:
    async with Conversation(service=service) as talk, asyncio.timeout(SOON):
        events = talk.transcripts()
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        events.close()
        with pytest.raises(StopAsyncIteration):
            await waiting
        await answered(talk)


async def test_messages_are_for_web_sockets(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await answered(talk)
        talk.finish()
        texts = [message async for message in talk.messages()]
        frames = [message async for message in talk.messages(binary=True)]
    assert all(isinstance(message, str) for message in texts)
    kinds = [json.loads(message)["type"] for message in texts]
    assert kinds[0] == "connected" and kinds[-1] == "closed" and "audio" in kinds
    sound = [message for message in frames if isinstance(message, bytes)]
    assert len(sound) == kinds.count("audio") and len(frames) == len(texts)
    assert sound[0][:2] == b"\x01\x01" and len(sound[0]) > 32


async def test_server_sent_events_go_on_behind_the_last_id(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await answered(talk)
        talk.finish()
        whole = b"".join([part async for part in talk.sse()])
        ids = [int(line[4:]) for line in whole.splitlines() if line.startswith(b"id: ")]
        rest = b"".join([part async for part in talk.sse(last_event_id=str(ids[9]))])
    assert whole.endswith(rest) and ids == list(range(1, len(ids) + 1))
    names = [line[7:].decode() for line in whole.splitlines() if line.startswith(b"event: ")]
    assert names[-1] == "done" and {"transcript", "audio_response", "content_start", "content_end", "usage"} <= set(
        names
    )


async def test_an_interruption_takes_the_sound_away_that_nobody_heard(service: Bedrock) -> None:
    async with Conversation(service=service) as talk, asyncio.timeout(SOON):
        await talk.send_text("What can you do?")
        pieces = 0
        async for event in talk:
            match event:
                case AssistantAudio() if pieces == 0:
                    pieces += 1
                    # Let some more of it come in, unread.
                    async for other in talk.events(after=event.seq):
                        if isinstance(other, AssistantAudio):
                            break
                    talk.interrupt()
                case AssistantAudio():
                    pieces += 1
                case Interrupted():
                    break
        assert pieces < 30
        turn_over = [event async for event in _until_turn(talk)]
    assert not [event for event in turn_over if isinstance(event, AssistantAudio)]


async def _until_turn(talk: Conversation):  # type: ignore[no-untyped-def]
    async for event in talk:
        yield event
        if isinstance(event, TurnEnded):
            return


async def test_the_iterator_waits_while_nothing_happens(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        events = talk.events()
        await anext(events)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(events)


async def test_two_loops_in_two_threads(service: Bedrock) -> None:
    def alone() -> int:
        async def call() -> int:
            async with Conversation(service=service) as talk:
                await answered(talk)
                return len([1 async for event in talk.events() if not talk.finish()])  # type: ignore[func-returns-value]

        return asyncio.run(call())

    counts = await asyncio.gather(*(asyncio.to_thread(alone) for _ in range(3)))
    assert all(count > 10 for count in counts)


async def test_another_loop_is_refused(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        events = talk.events()

        def elsewhere() -> None:
            async def read() -> None:
                with pytest.raises(Misuse, match="another event loop"):
                    await anext(events)
                with pytest.raises(Misuse, match="another event loop"):
                    await talk.send_text("Hello")

            asyncio.run(read())

        await asyncio.to_thread(elsewhere)
        assert await anext(events)


def test_without_a_loop_the_error_says_what_to_do(service: Bedrock) -> None:
    with pytest.raises(Misuse, match="no running event loop"):
        Conversation(service=service).open().send(None)


def test_loops_come_and_go(service: Bedrock) -> None:
    import gc
    import os

    def descriptors() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    async def call() -> None:
        async with Conversation(service=service) as talk:
            await anext(talk)

    asyncio.run(call())
    before = descriptors()
    for _ in range(10):
        asyncio.run(call())
    assert descriptors() <= before + 1
