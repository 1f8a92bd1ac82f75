"""What becomes of calls when their server is told to stop, or dies."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from server import Start
from stores import store
from talk import Client, eventually, refused


def question(client: Client, session: str, text: str = "What can you do for me?") -> None:
    client.post("/text", session_id=session, text=text)


def test_sigterm_drains(start: Start) -> None:
    server = start(DRAIN_SECONDS=3)
    client = Client(server.url)
    session = client.start()
    with client.events(session) as stream:
        stream.until("connected")
        server.terminate()
        draining = eventually(lambda: _unless_ok(client.http.get("/health")), "a health that says 503")
        assert draining.status_code == 503 and draining.json()["status"] == "draining"
        refused(client.http.post("/session/start", json={}), 503, "draining")
        question(client, session)
        assert stream.until("turnEnded")[-1].data["end"] == "answered", "a call goes on until the deadline"
        assert list(stream)[-1].event == "done"
    assert server.wait() in (0, -15)


def test_ctrl_c_ends_calls_in_order_and_at_once(start: Start) -> None:
    server = start(DRAIN_SECONDS=25)
    client = Client(server.url)
    with client.events(client.start()) as stream:
        stream.until("connected")
        server.interrupt()
        assert list(stream)[-1].event == "done"
    assert server.wait(15) in (0, -2)
    assert "Traceback" not in server.log


def test_a_server_with_nothing_to_do_stops_at_once(start: Start) -> None:
    server = start(DRAIN_SECONDS=25)
    server.terminate()
    assert server.wait(10) in (0, -15)


@pytest.mark.parametrize("kind", ["folder", "redis"])
def test_a_call_outlives_its_server(start: Start, tmp_path: Path, kind: str) -> None:
    with store(kind, tmp_path) as place:
        outlive(start, place)


def outlive(start: Start, place: str) -> None:
    # In a folder the dead are known at once; in a fleet their lease has to run out.
    settings = {"SESSION_STORE": place, "SESSION_LEASE": 2}
    server = start(**settings)
    client = Client(server.url)
    session = client.start()
    question(client, session)
    with client.events(session) as stream:
        last = stream.until("turnEnded")[-1].id
    eventually(lambda: len(client.get(f"/session/{session}")["transcript"]) == 2 or None, "both lines")
    assert last is not None
    server.kill()
    # Whoever was in the middle of something sees its connection break, and comes back.
    client = Client(start(**settings).url)
    state = eventually(lambda: _if_ok(client.http.get(f"/session/{session}")), "the same call")
    assert state["session_id"] == session
    assert state["transcript"][0]["text"] == "What can you do for me?"
    question(client, session, "Hello, who are you?")
    with client.events(session, headers={"Last-Event-ID": str(last)}) as stream:
        messages = stream.until("turnEnded", end="answered")
    assert any(message.event == "renewed" and message.data["reason"] == "resumed" for message in messages)
    assert all(message.id is None or message.id > last for message in messages)
    client.end(session)
    refused(client.http.get(f"/session/{session}"), 404, "no-such-call")


def test_a_call_that_was_left_in_order_goes_on_elsewhere(start: Start, tmp_path: Path) -> None:
    server = start(SESSION_STORE=tmp_path, DRAIN_SECONDS=0)
    session = Client(server.url).start()
    server.terminate()
    server.wait()
    client = Client(start(SESSION_STORE=tmp_path).url)
    assert client.get(f"/session/{session}")["status"] == "active"
    client.end(session)


def test_the_wrong_server_says_which_is_the_right_one(start: Start, tmp_path: Path) -> None:
    right = Client(start(SESSION_STORE=tmp_path, INSTANCE_URL="http://10.0.0.7:8000").url)
    session = right.start()
    wrong = Client(start(SESSION_STORE=tmp_path).url)
    answer = wrong.http.get(f"/session/{session}")
    error = refused(answer, 503, "held-elsewhere")
    assert error["retryable"] and "http://10.0.0.7:8000" in error["hint"]
    assert answer.headers["call-location"] == "http://10.0.0.7:8000" and int(answer.headers["retry-after"]) >= 1
    right.end(session)


def _unless_ok(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.is_success else answer


def _if_ok(answer: httpx.Response) -> dict[str, Any] | None:
    return answer.json() if answer.is_success else None
