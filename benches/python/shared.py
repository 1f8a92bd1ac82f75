"""What every client in Python has: the beat, the stamps, the books, and the way to be asked for them.

All of it is what `benches/src/bin/calls` does in Rust, byte for byte, so that one peer serves both and one program reads
both reports.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import math
import os
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from time import CLOCK_PROCESS_CPUTIME_ID, clock_gettime_ns, monotonic, monotonic_ns
from typing import Any

MARK = b"NOVA"
STAMP = struct.Struct("<4sIQQ")
"""Mark, number, when a live source would have had it, when it was handed over: the first bytes of every piece."""

BEAT = 0.02
"""Seconds of a piece of live audio."""

FLOOD = 4
"""Chunks of 1 KiB that a beat hands over for every call when it floods."""

STEP = 20_000
"""Nanoseconds of a step of a histogram."""


def pcm(rate: int, millis: int) -> bytes:
    """Make a tone."""
    count = rate * millis // 1000
    wave = (round(9_000 * math.sin(math.tau * 220 * at / rate)) for at in range(count))
    return array.array("h", wave).tobytes()


class Pulse:
    """The beat of a live source: 50 pieces a second from now on, each call's at its own moment within the 20 ms."""

    def __init__(self, call: int) -> None:
        # The golden section spreads any number of calls evenly.
        offset = BEAT * (call * 0.618_033_988_749_894_9 % 1)
        self._begin = monotonic() + offset
        self._seq = 0

    async def next(self) -> tuple[int, int]:
        """Wait for the next piece; return its number and when it was due. What is overdue comes at once."""
        seq = self._seq
        self._seq = seq + 1
        due = self._begin + seq * BEAT
        await asyncio.sleep(max(0.0, due - monotonic()))
        return seq, int(due * 1e9)


class Books:
    """What has come, and what this process has used."""

    def __init__(self) -> None:
        self._late: list[int] = []
        self._way: list[int] = []
        self._missing = 0
        self._silence = 0

    def ear(self) -> Callable[[bytes], None]:
        """Return what notes the pieces of one call."""
        unpack, head = STAMP.unpack_from, STAMP.size
        following: int | None = None

        def hear(piece: bytes) -> None:
            nonlocal following
            mark, seq, due, sent = unpack(piece) if len(piece) >= head else (b"", 0, 0, 0)
            if mark != MARK:
                self._silence += 1
                return
            now = monotonic_ns()
            self._late.append(now - due)
            self._way.append(now - sent)
            if following is not None:
                self._missing += abs(seq - following)
            following = seq + 1

        return hear

    def take(self) -> str:
        """Return what came and was used since the last time, as a line."""
        used = f"{clock_gettime_ns(CLOCK_PROCESS_CPUTIME_ID)} {_waited()}"
        late, self._late = self._late, []
        way, self._way = self._way, []
        missing, self._missing = self._missing, 0
        silence, self._silence = self._silence, 0
        return f"{used};{missing} {silence};{_histogram(late)};{_histogram(way)}"


def _waited() -> int:
    try:
        with open("/proc/self/schedstat") as file:
            return int(file.read().split()[1])
    except OSError:
        return 0


def _histogram(times: list[int]) -> str:
    steps = Counter(max(0, time) // STEP for time in times)
    return " ".join([str(max(times, default=0)), *(f"{step}:{count}" for step, count in sorted(steps.items()))])


class Asked:
    """A client's life as its starter sees it: `began`, `open SECONDS`, then an answer to every `take`.

    Whoever fails tells why on the error output and ends the process, so that nothing is measured of half the calls.
    """

    def __init__(self, words: argparse.Namespace, books: Books) -> None:
        self._words = words
        self._books = books
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, open_calls: Callable[[int], Coroutine[Any, Any, None]]) -> None:
        """Open the calls, one and then the rest, and answer until there are no more questions."""
        over = asyncio.Event()
        await open_calls(1)
        _tell("began")
        begin = monotonic()
        await open_calls(self._words.calls - 1)
        _tell(f"open {monotonic() - begin}")
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._answer, args=(loop, over), daemon=True).start()
        await over.wait()
        # Nobody waits for a hundred ends in order.
        os._exit(0)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin what goes on until the end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(_failed)

    def _answer(self, loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
        for _take in sys.stdin:
            _tell(self._books.take())
        loop.call_soon_threadsafe(over.set)


def _failed(task: asyncio.Task[None]) -> None:
    sys.stderr.write(f"a call ended before its time: {task.exception()!r}\n")
    sys.stderr.flush()
    os._exit(1)


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read_words() -> argparse.Namespace:
    """Read what the starter wants, and go to the core of the clients."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--join", nargs=2, metavar=("URL", "CA"), required=True)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--speech", choices=("live", "file", "flood", "silent"), default="live")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    words = parser.parse_args()
    # Before there is a second thread: all of them stay there.
    os.sched_setaffinity(0, {0})
    return words


def run(main: Coroutine[Any, Any, None], loop: str) -> None:
    """Run it on the loop of that name."""
    if loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    else:
        asyncio.run(main)
