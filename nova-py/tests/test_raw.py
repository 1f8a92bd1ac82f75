"""A framework's own events over our transport."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from bedrock_nova import Bedrock, CallClosed, Invalid, Misuse, ModelRetired, NovaError, RawSession
from bedrock_nova.testing import Emulator
from tests.conftest import voice

SOON = 20.0


def event(name: str, **fields: Any) -> dict[str, Any]:
    return {"event": {name: fields}}


OPENING = [
    event("sessionStart", inferenceConfiguration={"maxTokens": 1024, "topP": 0.9, "temperature": 0.7}),
    event(
        "promptStart",
        promptName="p",
        textOutputConfiguration={"mediaType": "text/plain"},
        audioOutputConfiguration={
            "mediaType": "audio/lpcm",
            "sampleRateHertz": 24000,
            "sampleSizeBits": 16,
            "channelCount": 1,
            "voiceId": "matthew",
            "encoding": "base64",
            "audioType": "SPEECH",
        },
    ),
    event(
        "contentStart",
        promptName="p",
        contentName="s",
        type="TEXT",
        interactive=False,
        role="SYSTEM",
        textInputConfiguration={"mediaType": "text/plain"},
    ),
    event("textInput", promptName="p", contentName="s", content="Be short."),
    event("contentEnd", promptName="p", contentName="s"),
]

AUDIO = event(
    "contentStart",
    promptName="p",
    contentName="a",
    type="AUDIO",
    interactive=True,
    role="USER",
    audioInputConfiguration={
        "mediaType": "audio/lpcm",
        "sampleRateHertz": 16000,
        "sampleSizeBits": 16,
        "channelCount": 1,
        "audioType": "SPEECH",
        "encoding": "base64",
    },
)


def sound(pcm: bytes) -> dict[str, Any]:
    return event("audioInput", promptName="p", contentName="a", content=base64.b64encode(pcm).decode())


async def test_a_spoken_question_is_answered(service: Bedrock) -> None:
    names: list[str] = []
    async with RawSession(opening=OPENING, service=service) as session, asyncio.timeout(SOON):
        assert session.request_id
        await session.send(AUDIO)
        for pcm in (voice(1.0), bytes(96_000)):
            for at in range(0, len(pcm), 3200):
                await session.send(sound(pcm[at : at + 3200]))
        async for heard in session:
            names += heard["event"]
            if "audioOutput" in heard["event"]:
                break
        await session.send(event("contentEnd", promptName="p", contentName="a"))
        await session.send(event("promptEnd", promptName="p"))
        await session.send(event("sessionEnd"))
        session.finish()
        names += [name async for heard in session for name in heard["event"]]
        with pytest.raises(CallClosed):
            await session.send(event("sessionEnd"))
    assert "textOutput" in names and "audioOutput" in names


async def test_what_breaks_the_order_is_not_sent(service: Bedrock) -> None:
    async with RawSession(opening=OPENING, service=service) as session:
        with pytest.raises(Misuse) as refused:
            await session.send(sound(bytes(320)))
        assert refused.value.code != "misuse" and "audio" in str(refused.value).lower()
        with pytest.raises(Invalid):
            await session.send('{"event": {"sing": {}}}')
        await session.send(AUDIO)
        with pytest.raises(Misuse):
            await session.send(AUDIO)
        await session.send(sound(voice(0.1)))
    with pytest.raises(Misuse):
        await RawSession(opening=OPENING[1:], service=service).open()


async def test_without_the_order_the_service_judges(service: Bedrock) -> None:
    async with RawSession(opening=OPENING, ordered=False, service=service) as session, asyncio.timeout(SOON):
        await session.send(sound(bytes(320)))
        with pytest.raises(NovaError) as refused:
            async for _ in session:
                pass
        assert type(refused.value) is not Misuse


async def test_a_retired_model_is_named_with_its_replacement() -> None:
    with Emulator(switches={"model-v1": "retired"}) as emulator, pytest.raises(ModelRetired) as retired:
        await RawSession(opening=OPENING, model="amazon.nova-sonic-v1:0", service=emulator.service()).open()
    assert retired.value.hint is not None and "nova" in retired.value.hint
