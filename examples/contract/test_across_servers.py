"""A call goes from server to server, each written in another language: the store, the snapshot and the contract are one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from server import Server, Start
from talk import Client, eventually

QUESTIONS = ("What can you do for me?", "Hello, who are you?", "That is all.")

#: Starts one of the servers, by its place in the row.
StartOne = Callable[..., Server]


@pytest.fixture
def relay(start: Start, request: pytest.FixtureRequest) -> list[StartOne]:
    """The server under test, then those given by `--other-server-command`, then the first again."""
    others: list[str] = request.config.getoption("--other-server-command") or []
    if not others:
        pytest.skip("needs a server of another language: give --other-server-command")
    commands: list[str | None] = [request.config.getoption("--server-command"), *others]
    commands.append(commands[0])
    return [_starter(start, command) for command in commands]


def _starter(start: Start, command: str | None) -> StartOne:
    return lambda **settings: start(command=command, **settings)


def test_a_snapshot_goes_on_in_another_language(relay: list[StartOne]) -> None:
    written, lines = None, 0
    for begin, text in zip(relay, QUESTIONS, strict=False):
        client = Client(begin().url)
        session = client.start() if written is None else client.start(snapshot=written)
        assert len(client.get(f"/session/{session}")["transcript"]) == lines
        lines = ask(client, session, text, lines)
        written = client.get(f"/session/{session}/snapshot")
        client.end(session)


def test_a_call_is_taken_over_by_another_language(relay: list[StartOne], tmp_path: Path) -> None:
    session, lines = None, 0
    for begin, text in zip(relay, QUESTIONS, strict=False):
        server = begin(SESSION_STORE=tmp_path, SESSION_LEASE=2)
        client = Client(server.url)
        session = session or client.start()
        assert len(client.get(f"/session/{session}")["transcript"]) == lines
        lines = ask(client, session, text, lines)
        server.kill()


def ask(client: Client, session: str, text: str, before: int) -> int:
    """Asks, hears the answer, and returns how many lines the call has then."""
    client.post("/text", session_id=session, text=text)

    def both() -> list[str] | None:
        said = [line["text"] for line in client.get(f"/session/{session}")["transcript"]]
        return said if len(said) >= before + 2 else None

    with client.events(session) as stream:
        stream.until("turnEnded", end="answered")
    said = eventually(both, "what was asked and what was answered")
    assert said[before] == text
    return len(said)
