"""A hundred clients of the voice backend, each on a connection that stays open: `POST /audio/chunk` ten times a second.

    python posts.py PORT CALLS SECONDS

Bare sockets and ready-made requests, so that what is measured is the server. What an answer took counts from the moment the
request was due, so that a server which stands still is not measured less often. Prints `sent refused p50 p99 longest`, in
milliseconds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import sys
from time import monotonic

EVERY = 0.1
"""Seconds of audio in a request."""
RATE = 16_000
SETTLING = 2.0


class Client:
    """One call and its connection."""

    def __init__(self, number: int, calls: int) -> None:
        self._number = number
        self._offset = EVERY * number / calls
        self.took: list[float] = []
        self.refused = 0

    async def open(self, port: int) -> None:
        """Open the call."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        status, body = await self._ask(request("/session/start", {}))
        if status != 200:
            raise RuntimeError(f"the call does not open: {status} {body!r}")
        sound = base64.b64encode(random.Random(self._number).randbytes(int(EVERY * RATE) * 2)).decode()
        chunk = {"session_id": json.loads(body)["session_id"], "audio_data": sound, "sample_rate": RATE}
        self._request = request("/audio/chunk", chunk)

    async def speak(self, begin: float, seconds: float) -> None:
        """Send a chunk whenever one is due."""
        for at in range(int((SETTLING + seconds) / EVERY)):
            due = begin + self._offset + at * EVERY
            await asyncio.sleep(max(0.0, due - monotonic()))
            status, _ = await self._ask(self._request)
            if due < begin + SETTLING:
                continue
            self.took.append(monotonic() - due)
            self.refused += status != 200

    async def _ask(self, text: bytes) -> tuple[int, bytes]:
        self._writer.write(text)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split(b" ", 2)[1]), await self._reader.readexactly(int(length.split(b":")[1]))


def request(path: str, body: dict[str, object]) -> bytes:
    """Write a request."""
    text = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


async def main(port: int, calls: int, seconds: float) -> None:
    """Open the calls, speak in all of them, and tell."""
    clients = [Client(number, calls) for number in range(calls)]
    for client in clients:
        await client.open(port)
    begin = monotonic() + 0.1
    await asyncio.gather(*(client.speak(begin, seconds) for client in clients))
    took = sorted(1e3 * each for client in clients for each in client.took)
    at = [took[int(share * (len(took) - 1))] for share in (0.5, 0.99, 1.0)]
    print(len(took), sum(client.refused for client in clients), *(f"{each:.2f}" for each in at))


if __name__ == "__main__":
    # Beside the peer; the server has the other core to itself.
    os.sched_setaffinity(0, {1})
    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
