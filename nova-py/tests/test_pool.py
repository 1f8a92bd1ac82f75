"""Many calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import bedrock_nova
from bedrock_nova import (
    Bedrock,
    Closed,
    ConversationPool,
    Elsewhere,
    Here,
    Invalid,
    LimitReached,
    Message,
    Misuse,
    Renewed,
    TurnEnded,
    Unavailable,
    tool,
)

SOON = 20.0


@tool
async def get_weather(city: str) -> dict[str, int]:
    """Tell the weather."""
    return {"temperature": 11}


async def test_calls_are_found_by_id_and_owner(service: Bedrock) -> None:
    async with ConversationPool(service=service, conversations=2, per_owner=1) as pool:
        call = await pool.open("ada", system="Be short.")
        assert call.owner == "ada" and pool.calls("ada") == [call.id] and pool.calls("bob") == []
        same = pool.get(call.id, "ada")
        assert same.id == call.id
        with pytest.raises(Invalid) as missing:
            pool.get(call.id, "bob")
        assert missing.value.code == "no-such-call" and missing.value.status == 404
        assert await pool.locate(call.id, "ada") == Here()
        with pytest.raises(LimitReached) as full:
            await pool.open("ada")
        assert full.value.code == "owner-full" and full.value.status == 429
        await pool.open("bob")
        with pytest.raises(LimitReached) as full:
            await pool.open("cid")
        assert full.value.code == "pool-full" and full.value.retryable
        stats = pool.stats()
        assert (stats.live, stats.limit, stats.draining) == (2, 2, False)
        await same.send_text("What can you do?")
        async with asyncio.timeout(SOON):
            async for event in call:
                if isinstance(event, TurnEnded):
                    break
        drained = await pool.drain(0.0)
        assert drained.closed == 2
        with pytest.raises(LimitReached) as draining:
            await pool.open("cid")
        assert draining.value.code == "draining" and draining.value.status == 503


async def test_a_call_that_nobody_holds_ends(service: Bedrock) -> None:
    async with ConversationPool(service=service, idle=0.05, tools=[get_weather]) as pool:
        call = await pool.open("ada")
        events = call.events()
        call.drop()
        del call
        async with asyncio.timeout(SOON):
            ended = [event async for event in events]
        assert isinstance(ended[-1], Closed) and ended[-1].reason == "finished"


async def test_another_pool_takes_over_what_was_left(service: Bedrock, tmp_path: Path) -> None:
    first = ConversationPool(service=service, store=tmp_path, hint="http://one", tools=[get_weather])
    second = ConversationPool(service=service, store=tmp_path, hint="http://two", tools=[get_weather])
    await first.start()
    await second.start()
    call = await first.open("ada")
    await call.send_text("What can you do?")
    async with asyncio.timeout(SOON):
        async for event in call:
            if isinstance(event, TurnEnded):
                break
    with pytest.raises(Unavailable) as held:
        await second.resume(call.id, "ada")
    assert held.value.code == "held-elsewhere" and held.value.status == 503
    where = await second.locate(call.id, "ada")
    assert isinstance(where, Elsewhere) and where.hint == "http://one" and where.remaining > 0
    assert (await first.drain(0.0)).parked == 1
    taken = await second.resume(call.id, "ada")
    assert taken.id == call.id
    async with asyncio.timeout(SOON):
        async for event in taken:
            if isinstance(event, Renewed):
                assert event.reason == "resumed"
                break
    assert Message("user", "What can you do?") in (await taken.snapshot()).history
    with pytest.raises(Invalid):
        await second.resume(call.id, "bob")
    await second.drain(0.0)


async def test_the_pool_counts_for_prometheus(service: Bedrock) -> None:
    async with ConversationPool(service=service) as pool:
        await pool.open("ada")
        text = bedrock_nova.metrics()
        assert "bedrock_nova_calls_live" in text and "ada" not in text
        await pool.drain(0.0)


async def test_a_pool_is_started_once_and_before_it_is_used(service: Bedrock) -> None:
    pool = ConversationPool(service=service)
    with pytest.raises(Misuse, match="not started"):
        pool.stats()
    await pool.start()
    with pytest.raises(Misuse, match="already"):
        await pool.start()
    await pool.drain(0.0)
