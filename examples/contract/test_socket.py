"""A WebSocket: both directions on one connection, in JSON, and with audio in binary."""

import json
from collections.abc import Iterator
from socket import SHUT_RDWR
from typing import Any

import pytest
from talk import BINARY_PROTOCOL, DEADLINE, DOWN, JSON_PROTOCOL, UP, Client, b64, recording
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

#: 32 ms at 16 kHz.
PIECE = 1024


def read(socket: ClientConnection) -> Iterator[dict[str, Any]]:
    """What comes, until nothing more does; frames as what is in them."""
    while True:
        message = socket.recv(timeout=DEADLINE)
        if isinstance(message, str):
            yield json.loads(message)
        else:
            version, kind, zero, rate, seq, turn, offset = DOWN.unpack_from(message)
            assert (version, kind, zero) == (1, 1, 0)
            yield {"type": "frame", "rate": rate, "seq": seq, "turn": turn, "offset": offset, "pcm": message[32:]}


def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for message in read(socket):
        found.append(message)
        if message["type"] == kind:
            return found
    raise AssertionError(kind)


def say(socket: ClientConnection, **command: Any) -> None:
    socket.send(json.dumps(command))


def kinds(messages: list[dict[str, Any]]) -> set[str]:
    return {message["type"] for message in messages}


@pytest.mark.parametrize("protocol", [None, JSON_PROTOCOL])
def test_a_talk_in_json(client: Client, session: str, protocol: str | None) -> None:
    with client.socket(session, protocol=protocol) as socket:
        assert socket.subprotocol == protocol
        say(socket, type="text", text="What can you do for me?")
        messages = until(socket, "turnEnded")
    assert {"connected", "transcript", "audio", "turnEnded"} <= kinds(messages)
    sound = next(message for message in messages if message["type"] == "audio")
    assert (sound["rate"], sound["turn"], sound["offsetMs"]) == (24000, 1, 0)


def test_a_spoken_question_in_binary(client: Client, session: str) -> None:
    with client.socket(session, protocol=BINARY_PROTOCOL) as socket:
        assert socket.subprotocol == BINARY_PROTOCOL
        until(socket, "connected")
        pcm = recording("question")
        for at in range(0, len(pcm), PIECE):
            socket.send(UP.pack(1, 2, 0, 16000) + pcm[at : at + PIECE])
        say(socket, type="audioEnd")
        messages = until(socket, "turnEnded")
    assert "frame" in kinds(messages) and "audio" not in kinds(messages)
    frames = [message for message in messages if message["type"] == "frame"]
    at = 0
    for frame in frames:
        assert (frame["rate"], frame["turn"], frame["offset"]) == (24000, 1, at)
        at += len(frame["pcm"]) // 2
    assert messages[-1]["end"] == "answered"


def test_a_socket_that_breaks_goes_on_where_it_was(client: Client, session: str) -> None:
    with client.socket(session) as socket:
        say(socket, type="text", text="Hello, who are you?")
        first = until(socket, "audio")
    with client.socket(session, after=first[-1]["seq"]) as socket:
        rest = until(socket, "turnEnded")
    with client.socket(session, player="false") as socket:
        whole = until(socket, "turnEnded")
    assert [message["seq"] for message in first + rest] == [message["seq"] for message in whole]


def test_every_command_is_taken(client: Client, session: str) -> None:
    with client.socket(session) as socket:
        say(socket, type="audio", pcm=b64(bytes(2048)))
        say(socket, type="audio", pcm=b64(bytes(2048)), sampleRate=16000)
        say(socket, type="audioEnd")
        say(socket, type="text", text="Hello, who are you?")
        messages = until(socket, "audio")
        say(socket, type="played", turn=1, positionMs=10)
        say(socket, type="interrupt")
        messages += until(socket, "turnEnded")
        say(socket, type="greet", text="Say goodbye.")
        messages += until(socket, "turnEnded")
        say(socket, type="finish")
        messages += until(socket, "closed")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=DEADLINE)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1000
    assert "error" not in kinds(messages), messages
    assert messages[-1]["reason"] == "finished"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("no JSON", "command"),
        ('{"type":"sing"}', "command"),
        ('{"type":"text"}', "command"),
        ('{"type":"text","text":"a","txt":1}', "command"),
        (f'{{"type":"audio","pcm":"{b64(bytes(4))}","sampleRate":8000}}', "command"),
        (b"\x01", "frame"),
        (UP.pack(1, 1, 0, 16000) + bytes(4), "frame"),
        (UP.pack(1, 2, 0, 8000) + bytes(4), "command"),
        (UP.pack(1, 2, 0, 16000) + bytes(3), "frame"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_talk_goes_on(
    client: Client, session: str, sent: str | bytes, code: str
) -> None:
    with client.socket(session, protocol=BINARY_PROTOCOL) as socket:
        socket.send(sent)
        error = until(socket, "error")[-1]["error"]
        assert set(error) == {"kind", "code", "message", "retryable", "request_id", "hint"}
        assert (error["kind"], error["code"]) == ("invalid", code)
        say(socket, type="text", text="What can you do for me?")
        until(socket, "turnEnded")


def test_a_client_that_vanishes_ends_nothing(client: Client, session: str) -> None:
    with client.socket(session) as socket:
        say(socket, type="text", text="Hello, who are you?")
        last = until(socket, "audio")[-1]["seq"]
        # As after kill -9: no word of farewell.
        socket.socket.shutdown(SHUT_RDWR)
    assert client.get(f"/session/{session}")["status"] == "active"
    with client.socket(session, after=last) as socket:
        until(socket, "turnEnded")


def test_a_call_that_is_not_there(client: Client) -> None:
    with client.socket("nobody") as socket:
        error = json.loads(socket.recv(timeout=DEADLINE))
        assert (error["type"], error["error"]["code"]) == ("error", "no-such-call")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=DEADLINE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "no-such-call")
