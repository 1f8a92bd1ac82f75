"""The recipe and the tools, with a call on an emulator."""

import asyncio
from datetime import date, timedelta

import pytest
from app.tools import days_until, get_time
from reactivex import operators as ops
from recipes.reactive import observable

from bedrock_nova import Conversation, Transcript
from bedrock_nova.testing import Emulator


def final(line: Transcript) -> bool:
    return line.final


def shown(line: Transcript) -> str:
    return f"{line.role}: {line.text}"


async def lines_of_a_call() -> list[str]:
    async with Emulator() as emulator, Conversation(service=emulator.service()) as talk:
        told: list[str] = []
        over = asyncio.get_running_loop().create_future()
        observable(talk.transcripts()).pipe(ops.filter(final), ops.map(shown)).subscribe(
            told.append, over.set_exception, lambda: over.set_result(None)
        )
        await talk.send_text("What can you do for me?")
        talk.finish()
        await asyncio.wait_for(over, 20)
        return told


def test_a_call_as_an_observable() -> None:
    told = asyncio.run(lines_of_a_call())
    assert [line.lower() for line in told[:1]] == ["user: what can you do for me?"] and "I can listen" in told[-1]


def test_tools_answer() -> None:
    assert 0 <= get_time("Oslo")["hour"] <= 23
    with pytest.raises(ValueError, match="Atlantis"):
        get_time("Atlantis")
    assert asyncio.run(days_until((date.today() + timedelta(days=3)).isoformat())) == {"days": 3}
