"""Whose a call is: bearer tokens, and tickets for browsers."""

import json
from collections.abc import Iterator

import pytest
from server import Server, Start
from talk import DEADLINE, Client, eventually, refused
from websockets.exceptions import ConnectionClosed


@pytest.fixture(scope="module")
def guarded(start: Start) -> Server:
    return start(AUTH_TOKENS="a-token=ann,b-token=bob", TICKET_SECONDS=2, MAX_SESSIONS_PER_OWNER=3)


@pytest.fixture
def ann(guarded: Server) -> Client:
    return Client(guarded.url, "a-token")


@pytest.fixture
def bob(guarded: Server) -> Client:
    return Client(guarded.url, "b-token")


@pytest.fixture
def anns(ann: Client) -> Iterator[str]:
    session = ann.start()
    yield session
    ann.end(session)


@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_a_stranger_is_refused(guarded: Server, anns: str, token: str | None) -> None:
    stranger = Client(guarded.url, token)
    for answer in (
        stranger.http.post("/session/start", json={}),
        stranger.http.get(f"/session/{anns}"),
        stranger.http.delete(f"/session/{anns}"),
        stranger.http.get(f"/events/stream/{anns}"),
        stranger.http.post("/text", json={"session_id": anns, "text": "Hello?"}),
    ):
        refused(answer, 401, "token")
        assert answer.headers["www-authenticate"] == "Bearer"
    with stranger.socket(anns) as socket:
        assert json.loads(socket.recv(timeout=DEADLINE))["error"]["code"] == "token"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=DEADLINE)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_health_and_metrics_are_open(guarded: Server) -> None:
    stranger = Client(guarded.url)
    assert stranger.http.get("/health").status_code == stranger.http.get("/metrics").status_code == 200


def test_a_call_is_not_there_for_anybody_else(bob: Client, anns: str) -> None:
    for answer in (
        bob.http.get(f"/session/{anns}"),
        bob.http.get(f"/session/{anns}/snapshot"),
        bob.http.delete(f"/session/{anns}"),
        bob.http.get(f"/events/stream/{anns}"),
        bob.http.post("/text", json={"session_id": anns, "text": "Hello?"}),
        bob.http.post("/ticket", json={"session_id": anns}),
    ):
        refused(answer, 404, "no-such-call")
    with bob.socket(anns) as socket:
        assert json.loads(socket.recv(timeout=DEADLINE))["error"]["code"] == "no-such-call"


def test_a_ticket_opens_a_stream_and_a_socket(guarded: Server, ann: Client, anns: str) -> None:
    issued = ann.post("/ticket", session_id=anns)
    assert issued["expires_in"] == 2
    browser = Client(guarded.url)
    with browser.events(anns, ticket=issued["ticket"]) as stream:
        stream.until("connected")
    with browser.socket(anns, ticket=issued["ticket"]) as socket:
        assert json.loads(socket.recv(timeout=DEADLINE))["type"] == "connected"


def test_a_ticket_is_good_for_one_call_and_for_listening_alone(guarded: Server, ann: Client, anns: str) -> None:
    other = ann.start()
    ticket = ann.post("/ticket", session_id=other)["ticket"]
    browser = Client(guarded.url)
    refused(browser.http.get(f"/events/stream/{anns}", params={"ticket": ticket}), 401, "ticket")
    refused(browser.http.get(f"/session/{other}", params={"ticket": ticket}), 401, "token")
    refused(browser.http.delete(f"/session/{other}", params={"ticket": ticket}), 401, "token")
    for forged in (ticket[:-2], "x" + ticket, "a.b", "", ticket.split(".")[0] + "."):
        refused(browser.http.get(f"/events/stream/{other}", params={"ticket": forged}), 401, "ticket")
    ann.end(other)


def test_a_ticket_runs_out(guarded: Server, ann: Client, anns: str) -> None:
    ticket = ann.post("/ticket", session_id=anns)["ticket"]
    browser = Client(guarded.url)

    def run_out() -> bool | None:
        with browser.http.stream("GET", f"/events/stream/{anns}", params={"ticket": ticket}) as answer:
            return True if answer.status_code == 401 else None

    eventually(run_out, "a ticket that has run out")


def test_one_owner_may_have_so_many_calls(ann: Client, bob: Client, anns: str) -> None:
    more = [ann.start(), ann.start()]
    answer = ann.http.post("/session/start", json={})
    assert refused(answer, 429, "owner-full")["retryable"]
    assert int(answer.headers["retry-after"]) >= 1
    bobs = bob.start()
    for client, session in [(ann, more[0]), (ann, more[1]), (bob, bobs)]:
        client.end(session)
