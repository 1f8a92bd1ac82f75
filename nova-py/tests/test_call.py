"""A call from its beginning to its end."""

from __future__ import annotations

import asyncio
import os
import signal
from itertools import pairwise

import pytest

from bedrock_nova import (
    AssistantAudio,
    Bedrock,
    CallClosed,
    Closed,
    Connected,
    Conversation,
    Interrupted,
    Invalid,
    LimitReached,
    Message,
    Misuse,
    Reconnecting,
    Snapshot,
    Timeouts,
    Transcript,
    TurnEnded,
)
from bedrock_nova.events import Event
from bedrock_nova.testing import Emulator

SOON = 20.0


async def told(talk: Conversation, until: type[Event]) -> list[Event]:
    """Read up to and including the first event of a class."""
    seen: list[Event] = []
    async with asyncio.timeout(SOON):
        async for event in talk:
            seen.append(event)
            if isinstance(event, until):
                break
    return seen


async def test_a_typed_question_is_answered_aloud(service: Bedrock) -> None:
    async with Conversation(service=service, system="Be short.", voice="tiffany") as talk:
        await talk.send_text("What can you do?")
        events = await told(talk, TurnEnded)
        talk.finish()
        events += await told(talk, Closed)
    assert isinstance(events[0], Connected) and events[0].request_id
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    sound = [event for event in events if isinstance(event, AssistantAudio)]
    assert sum(piece.duration for piece in sound) > 1.0
    # The sound has no hole: each piece begins where the one before ends.
    for before, after in pairwise(sound):
        assert after.offset == pytest.approx(before.offset + before.duration, abs=1e-4)
    lines = {event.item: event for event in events if isinstance(event, Transcript)}
    assert [(line.role, line.final) for line in lines.values()] == [("user", True), ("assistant", True)]
    closed = events[-1]
    assert isinstance(closed, Closed) and closed.reason == "finished" and closed.error is None


@pytest.mark.slow
async def test_a_spoken_question_is_answered(service: Bedrock, question: bytes) -> None:
    async with Conversation(service=service) as talk:
        await talk.send_audio(question)
        events = await told(talk, TurnEnded)
    assert any(isinstance(event, AssistantAudio) for event in events)


@pytest.mark.slow
async def test_audio_may_be_any_buffer(service: Bedrock, question: bytes) -> None:
    from array import array

    numpy = pytest.importorskip("numpy")
    odd = question[:3]
    async with Conversation(service=service) as talk:
        for pcm in (
            b"",
            odd,
            bytearray(question[3:1024]),
            memoryview(question)[1024:2048],
            memoryview(question)[2048:4096:2],
            array("h", question[4096:5120]),
            numpy.frombuffer(question[5120:6144], dtype=numpy.int16),
        ):
            await talk.send_audio(pcm)
        with pytest.raises(TypeError):
            await talk.send_audio("text")  # type: ignore[arg-type]


async def test_chunks_of_a_file_wait_for_room_each_for_itself(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        chunks = [asyncio.create_task(talk.send_audio(bytes(1024))) for _ in range(60)]
        await asyncio.sleep(0)
        assert not chunks[50].done(), "there is room for less than a second"
        chunks[50].cancel()
        async with asyncio.timeout(SOON):
            results = await asyncio.gather(*chunks, return_exceptions=True)
        assert [at for at, result in enumerate(results) if result is not None] == [50]
        late = [asyncio.create_task(talk.send_audio(bytes(1024))) for _ in range(60)]
        await asyncio.sleep(0)
        talk.finish()
        async with asyncio.timeout(SOON):
            results = await asyncio.gather(*late, return_exceptions=True)
        assert isinstance(results[-1], CallClosed), "who waits is told that the call is over"


@pytest.mark.slow
async def test_live_audio_is_refused_when_the_way_is_blocked_and_says_what_to_do(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        with pytest.raises(LimitReached) as refused:
            for _ in range(1000):
                talk.try_send_audio(bytes(6400))
        assert refused.value.code == "audio-queue-full" and refused.value.hint


async def test_an_answer_is_interrupted(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await talk.send_text("What can you do?")
        await told(talk, AssistantAudio)
        talk.interrupt()
        events = await told(talk, TurnEnded)
    interrupted = [event for event in events if isinstance(event, Interrupted)]
    assert len(interrupted) == 1 and interrupted[0].heard >= 0
    assert isinstance(events[-1], TurnEnded) and events[-1].end == "interrupted"


async def test_the_assistant_speaks_first(service: Bedrock) -> None:
    async with Conversation(service=service, greeting="Greet the caller.") as talk:
        events = await told(talk, TurnEnded)
        assert not [event for event in events if isinstance(event, Transcript) and event.role == "user"]
        await talk.greet("Say goodbye.")
        await told(talk, TurnEnded)


async def test_a_call_goes_on_from_a_snapshot(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await talk.send_text("What can you do?")
        await told(talk, TurnEnded)
        snapshot = await talk.park()
        assert isinstance((await told(talk, Closed))[-1], Closed)
    assert snapshot.history[0] == Message("user", "What can you do?")
    again = Snapshot.from_json(snapshot.to_json().decode())
    async with Conversation.resume(again, service=service) as talk:
        await talk.send_text("And what else?")
        await told(talk, TurnEnded)
        lines = (await talk.snapshot()).history
    assert [line.text for line in lines if line.role == "user"] == ["What can you do?", "And what else?"]


async def test_history_is_told_to_the_model(service: Bedrock) -> None:
    before = [Message("user", "Hello."), Message("assistant", "Hello, how can I help?")]
    async with Conversation(service=service, history=before) as talk:
        assert (await talk.snapshot()).history == before
    assert "Hello" not in repr(before)


async def test_usage_is_counted(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        assert (await talk.usage()).tokens.speech_out == 0
        await talk.send_text("What can you do?")
        await told(talk, TurnEnded)
        usage = await talk.usage()
    assert usage.tokens.text_in > 0 and usage.cost is not None and usage.cost > 0 and usage.time > 0


async def test_the_end_is_told_once_and_a_call_that_is_over_says_so(service: Bedrock) -> None:
    talk = await Conversation.connect(service=service)
    await talk.close()
    closed = await talk.closed()
    assert closed.reason == "finished"
    with pytest.raises(CallClosed):
        await talk.send_text("Is anybody there?")
    with pytest.raises(CallClosed):
        talk.try_send_audio(bytes(320))
    assert [type(event) async for event in talk][-1] is Closed
    talk.drop()
    with pytest.raises(Misuse, match="dropped"):
        await talk.send_text("Is anybody there?")


async def test_leaving_the_block_by_an_exception_hangs_up_at_once(service: Bedrock) -> None:
    talk = Conversation(service=service)
    with pytest.raises(RuntimeError, match="ours"):
        async with talk:
            await talk.send_text("What can you do?")
            raise RuntimeError("ours")
    assert talk.ended


async def test_the_death_of_the_service_is_told_with_what_was_never_sent(question: bytes) -> None:
    with Emulator() as doomed:
        talk = await Conversation.connect(service=doomed.service(), timeouts=Timeouts(connect=0.5, recover=1.0))
        waiting = asyncio.create_task(talk.send_audio(question * 20))
        await told(talk, Connected)
        os.kill(doomed.pid, signal.SIGKILL)
        events = await told(talk, Closed)
        closed = await talk.closed()
        with pytest.raises(CallClosed):
            await waiting
    assert any(isinstance(event, Reconnecting) for event in events)
    assert closed.reason == "failed" and closed.error is not None and closed.error.retryable
    assert closed.unsent.duration == pytest.approx(len(closed.unsent.pcm) / 32_000, abs=0.01) and closed.unsent.pcm


async def test_options_are_checked_before_anything_is_sent(service: Bedrock) -> None:
    with pytest.raises(TypeError, match="no option 'temprature'"):
        Conversation(service=service, temprature=0.5)  # type: ignore[call-arg]
    with pytest.raises(Invalid, match="temperature") as refused:
        await Conversation.connect(service=service, temperature=3.0)
    assert refused.value.code == "inference" and refused.value.status == 400
    with pytest.raises(Invalid, match="48000"):
        await Conversation.connect(service=service, input_rate=48_000)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        await Conversation.connect(service=service, temperature="hot")  # type: ignore[arg-type]


async def test_a_call_is_opened_once(service: Bedrock) -> None:
    talk = Conversation(service=service)
    with pytest.raises(Misuse, match="not open yet"):
        talk.interrupt()
    async with talk:
        with pytest.raises(Misuse, match="opened already"):
            await talk.open()


@pytest.mark.slow
async def test_commands_of_clients_are_done(service: Bedrock) -> None:
    async with Conversation(service=service) as talk:
        await talk.command('{"type":"text","text":"What can you do?"}')
        await told(talk, TurnEnded)
        with pytest.raises(Invalid, match="no command") as refused:
            await talk.command('{"type":"sing"}')
        assert refused.value.code == "command"
        frame = bytes([1, 2, 0, 0]) + (16_000).to_bytes(4, "little") + bytes(640)
        await talk.command(frame)
        with pytest.raises(Invalid, match="header"):
            await talk.command(b"xx")
        await talk.command('{"type":"finish"}')
        await told(talk, Closed)


@pytest.mark.slow
async def test_a_microphone_that_is_off_is_told_and_may_come_back(service: Bedrock, question: bytes) -> None:
    async with Conversation(service=service) as talk:
        await talk.send_audio(question)
        await talk.end_audio()
        await talk.send_audio(question)
        await told(talk, TurnEnded)


@pytest.mark.slow
async def test_stats_say_what_waits(service: Bedrock, question: bytes) -> None:
    async with Conversation(service=service) as talk:
        waiting = asyncio.create_task(talk.send_audio(question * 4))
        async with asyncio.timeout(SOON):
            while not ((stats := await talk.stats()).audio_pieces_waiting and stats.audio_waiting):
                pass
        waiting.cancel()
    assert stats.sessions == 1 and 0 < stats.audio_waiting <= stats.audio_bound
    assert stats.audio_pieces_waiting <= stats.audio_pieces_bound and stats.log["events"] >= 1
