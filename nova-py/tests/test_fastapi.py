"""The router in an application of one's own; `examples/contract` holds whole servers against the contract."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("fastapi")

import httpx
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from bedrock_nova import Bedrock, ConversationPool
from bedrock_nova.fastapi import BearerTokens, RateLimit, Refusal, Tickets, router


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def served(service: Bedrock, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """An application with nothing but the router, and a client of it."""
    async with ConversationPool(service=service) as pool:
        app = FastAPI()
        app.include_router(router(pool, **settings), prefix="/voice")  # type: ignore[arg-type]
        road = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=road, base_url="http://test/voice") as client:
            yield client
        for owner in ("everybody", "ann"):
            for call in pool.calls(owner):
                await pool.get(call, owner).close()


def code(refusal: pytest.ExceptionInfo[Refusal]) -> tuple[int, str]:
    return refusal.value.status, refusal.value.code


async def test_it_is_mounted_anywhere_and_fails_in_one_form(service: Bedrock) -> None:
    async with served(service) as client:
        began = await client.post("/session/start", json={"system_prompt": "Answer shortly."})
        assert began.status_code == 200
        look = await client.get(f"/session/{began.json()['session_id']}")
        assert look.json()["status"] == "active"
        for answer, status in (
            (await client.get("/session/nobody"), 404),
            (await client.post("/text", json={"session_id": "a"}), 400),
            (await client.post("/text", content=bytes(5 << 20)), 413),
        ):
            assert answer.status_code == status
            assert set(answer.json()["error"]) == {"kind", "code", "message", "retryable", "request_id", "hint"}


async def test_the_page_is_served_where_it_is_wanted(service: Bedrock) -> None:
    async with served(service, page="root") as client:
        page = await client.get("/")
        assert page.status_code == 200 and "<nova-voice" in page.text
        # What it loads is named relative to it, so that it works behind any prefix.
        assert 'src="nova-voice.js"' in page.text and 'src="ws/"' in page.text
        assert (await client.get("/nova-voice.js")).status_code == 200
    async with served(service) as client:
        assert (await client.get("/")).status_code == 404


async def test_an_application_knows_people_in_its_own_way(service: Bedrock) -> None:
    async def by_cookie(connection: HTTPConnection) -> str:
        await asyncio.sleep(0)
        if "user" not in connection.cookies:
            raise Refusal(401, "denied", "cookie", "Log in first.")
        return connection.cookies["user"]

    async with served(service, owner=by_cookie) as client:
        refused = await client.post("/session/start")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "cookie")
        client.cookies["user"] = "ann"
        began = await client.post("/session/start")
        assert began.status_code == 200
        client.cookies["user"] = "bob"
        assert (await client.get(f"/session/{began.json()['session_id']}")).status_code == 404


async def test_what_nobody_expected_is_said_in_form_and_logged(
    service: Bedrock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: HTTPConnection) -> str:
        raise ZeroDivisionError

    with caplog.at_level(logging.WARNING, "bedrock_nova.fastapi"):
        async with served(service, owner=broken) as client:
            answer = await client.post("/session/start")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (500, "bug")
    assert "ZeroDivisionError" in caplog.text and "POST /session/start: 500 bug" in caplog.text


async def test_looking_is_no_activity(service: Bedrock) -> None:
    async with served(service) as client:
        session = (await client.post("/session/start")).json()["session_id"]
        first = (await client.get(f"/session/{session}")).json()
        again = (await client.get(f"/session/{session}")).json()
        assert first["last_activity"] == again["last_activity"]
        await client.post("/interrupt", json={"session_id": session})
        assert (await client.get(f"/session/{session}")).json()["last_activity"] > again["last_activity"]


async def test_what_is_said_is_in_no_log(service: Bedrock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with served(service, owner=BearerTokens({"secret-token": "ann"})) as client:
            client.headers["authorization"] = "Bearer secret-token"
            body = {"system_prompt": "secret prompt", "history": [{"role": "USER", "text": "secret past"}]}
            session = (await client.post("/session/start", json=body)).json()["session_id"]
            await client.post("/text", json={"session_id": session, "text": "secret words"})
            await client.post("/text", json={"session_id": session, "text": ["secret", "mistake"]})
            ticket = (await client.post("/ticket", json={"session_id": session})).json()["ticket"]
            await client.get(f"/session/{session}", params={"ticket": ticket})
            await client.delete(f"/session/{session}")
    ours = [line for line in caplog.messages if "httpx" not in line]
    assert any("POST" in line for line in ours)
    assert not [line for line in ours if "secret" in line or (ticket in line and "HTTP Request" not in line)]


def test_a_ticket_is_good_for_its_call_and_its_time() -> None:
    clock = Clock()
    tickets = Tickets("shared", life=60, now=clock)
    ticket = tickets.issue("ann", "a-call").text
    assert tickets.owner(ticket, "a-call") == "ann"
    assert Tickets("shared", now=clock).owner(ticket, "a-call") == "ann", "servers share the secret"
    for other in (Tickets("another", now=clock), Tickets(now=clock)):
        with pytest.raises(Refusal) as refused:
            other.owner(ticket, "a-call")
        assert code(refused) == (401, "ticket")
    with pytest.raises(Refusal):
        tickets.owner(ticket, "another-call")
    clock.now += 59.9
    assert tickets.owner(ticket, "a-call") == "ann"
    clock.now += 0.1
    with pytest.raises(Refusal):
        tickets.owner(ticket, "a-call")


@pytest.mark.parametrize("forged", ["", ".", "a", "a.b", "a.b.c", "ä.ö", "W10.", "=.="])
def test_what_is_no_ticket_is_refused(forged: str) -> None:
    with pytest.raises(Refusal) as refused:
        Tickets("shared").owner(forged, "a-call")
    assert code(refused) == (401, "ticket")


def test_a_bucket_fills_steadily() -> None:
    clock = Clock()
    limit = RateLimit(2, burst=3, now=clock)
    for _ in range(3):
        limit.take("ann")
    with pytest.raises(Refusal) as refused:
        limit.take("ann")
    assert code(refused) == (429, "rate") and refused.value.headers["Retry-After"] == "1"
    limit.take("bob")
    clock.now += 0.5
    limit.take("ann")
    with pytest.raises(Refusal):
        limit.take("ann")
    clock.now += 3_600
    for _ in range(3):
        limit.take("ann")
    with pytest.raises(Refusal):
        limit.take("ann")


def test_clients_beyond_number_are_forgotten() -> None:
    limit = RateLimit(1, burst=1, now=Clock())
    limit.take("first")
    for client in range(10_000):
        limit.take(str(client))
    limit.take("first")
