"""How the tests speak with a server: plain HTTP, server-sent events, WebSockets; nothing of any library of ours."""

import base64
import json
import struct
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.sync.client import ClientConnection, connect

#: No answer and no event may take longer.
DEADLINE = 20.0
SOUNDS = Path(__file__).parents[1] / "fastapi" / "sounds"
SILENCE = bytes(2048)
JSON_PROTOCOL, BINARY_PROTOCOL = "bedrock-nova.v1", "bedrock-nova.binary.v1"
UP, DOWN = struct.Struct("<BBHI"), struct.Struct("<BBHIQQQ")

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """One server-sent event."""

    id: int | None
    event: str
    data: dict[str, Any]


class Stream:
    """A stream of server-sent events; a context, since it is a connection."""

    def __init__(
        self, http: httpx.Client, session: str, *, headers: dict[str, str] | None = None, **query: Any
    ) -> None:
        self._open = http.stream("GET", f"/events/stream/{session}", headers=headers, params=query)

    def __enter__(self) -> Self:
        self.response = self._open.__enter__()
        self._messages = self._read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Message]:
        return self._messages

    def until(self, event: str, **fields: Any) -> list[Message]:
        """Reads up to the first message of this name with these fields; returns all of them."""
        read = []
        until = time.monotonic() + DEADLINE
        for message in self._messages:
            read.append(message)
            if message.event == event and fields.items() <= message.data.items():
                return read
            assert time.monotonic() < until, f"no {event} {fields} in {names(read)}"
        raise AssertionError(f"the stream ended without {event} {fields}: {names(read)}")

    def _read(self) -> Iterator[Message]:
        assert self.response.status_code == 200, self.response.read()
        number, event = None, ""
        for line in self.response.iter_lines():
            name, _, value = line.partition(": ")
            match name:
                case "id":
                    number = int(value)
                case "event":
                    event = value
                case "data":
                    yield Message(number, event, json.loads(value))
                    number, event = None, ""


class Client:
    """A client of a server."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url
        self.http = httpx.Client(base_url=url, headers=headers, timeout=DEADLINE)

    def start(self, **body: Any) -> str:
        """Opens a call."""
        return str(self.post("/session/start", **body)["session_id"])

    def get(self, path: str) -> Any:
        """A request that must succeed."""
        return succeeded(self.http.get(path))

    def post(self, path: str, **body: Any) -> Any:
        """A request that must succeed."""
        return succeeded(self.http.post(path, json=body))

    def end(self, session: str) -> Any:
        """Ends a call."""
        return succeeded(self.http.delete(f"/session/{session}"))

    def say(self, session: str, pcm: bytes, *, piece: int = 2048) -> None:
        """Sends audio as fast as the server takes it."""
        for at in range(0, len(pcm), piece):
            self.post("/audio/chunk", session_id=session, audio_data=b64(pcm[at : at + piece]))

    def events(self, session: str, *, headers: dict[str, str] | None = None, **query: Any) -> Stream:
        """Listens."""
        return Stream(self.http, session, headers=headers, **query)

    def socket(self, session: str, *, protocol: str | None = None, **query: Any) -> ClientConnection:
        """Opens a WebSocket."""
        address = httpx.URL(f"{self.url.replace('http', 'ws', 1)}/ws/{session}", params=query)
        token = self.http.headers.get("Authorization")
        return connect(
            str(address),
            subprotocols=[protocol] if protocol else None,  # type: ignore[list-item]
            additional_headers={"Authorization": token} if token else None,
            max_size=None,
        )


def recording(name: str) -> bytes:
    """The samples of a bundled recording, 16 kHz."""
    with wave.open(str(SOUNDS / f"{name}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def succeeded(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, (answer.request.url.path, answer.status_code, answer.text)
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Checks the form of a refusal; returns the error."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"kind", "code", "message", "retryable", "request_id", "hint"}
    assert error["message"].endswith((".", "!", "?")) and isinstance(error["retryable"], bool)
    assert code is None or error["code"] == code, error
    return error


def names(messages: list[Message]) -> list[str]:
    """The messages' names, each run of the same once."""
    found: list[str] = []
    for message in messages:
        if found[-1:] != [message.event]:
            found.append(message.event)
    return found


def eventually(probe: Callable[[], T | None], what: str, deadline: float = DEADLINE) -> T:
    """Asks until there is an answer."""
    until = time.monotonic() + deadline
    while time.monotonic() < until:
        if (found := probe()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"within {deadline} s there was not: {what}")
