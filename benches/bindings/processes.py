"""The other processes: how they are started and asked, and what they answer."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

STEP_MS = 0.02
"""Milliseconds of a step of a histogram."""


class Unmeasured(Exception):
    """It could not be measured; the message says why."""


@dataclass(frozen=True)
class Histogram:
    """How often something took how long."""

    longest: float
    steps: dict[int, int]

    @classmethod
    def read(cls, text: str) -> Histogram:
        """Read `longest-in-ns step:count …`."""
        longest, *steps = text.split()
        pairs = (step.split(":") for step in steps)
        return cls(int(longest) / 1e6, {int(step): int(count) for step, count in pairs})

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.steps.values())

    def quantile(self, share: float) -> float:
        """Return the milliseconds that this share of all did not exceed, rounded up to a step."""
        wanted, seen = share * self.count, 0
        for step in sorted(self.steps):
            seen += self.steps[step]
            if seen >= wanted:
                return min((step + 1) * STEP_MS, self.longest)
        return 0.0


@dataclass(frozen=True)
class Report:
    """What a process has used since it began, and what came to it since it was last asked."""

    cpu: float
    waited: float
    missing: int
    silence: int
    late: Histogram
    way: Histogram
    when: float = field(default_factory=time.monotonic)

    @classmethod
    def read(cls, line: str) -> Report:
        """Read `cpu waited;missing silence;late;way`."""
        used, counts, late, way = line.split(";")
        cpu, waited = (int(nanos) / 1e9 for nanos in used.split())
        missing, silence = (int(count) for count in counts.split())
        return cls(cpu, waited, missing, silence, Histogram.read(late), Histogram.read(way))


class Process:
    """A process that is spoken to in lines, each with a deadline; it ends with the block."""

    def __init__(self, command: Sequence[str | os.PathLike[str]], env: dict[str, str] | None = None) -> None:
        self._name = os.path.basename(command[-1] if str(command[-1]).startswith("--") else command[0])
        self._child = subprocess.Popen(
            [os.fspath(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=None if env is None else os.environ | env,
            bufsize=0,
        )
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def line(self, within: float) -> str:
        """Return the next line that it says."""
        until = time.monotonic() + within
        pipe = self._child.stdout
        assert pipe is not None
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise Unmeasured(f"{self._name} does not answer within {within:.0f} s")
            piece = os.read(pipe.fileno(), 1 << 16)
            if not piece:
                raise Unmeasured(f"{self._name} has ended")
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def ask(self, word: str) -> str:
        """Say a word and return the answer."""
        assert self._child.stdin is not None
        self._child.stdin.write(word.encode() + b"\n")
        return self.line(PATIENCE)

    def take(self) -> Report:
        """Take what it used and what came to it."""
        return Report.read(self.ask("take"))

    def memory(self) -> float:
        """Return its resident MiB."""
        with open(f"/proc/{self._child.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def core_busy(core: int) -> float:
    """Return the seconds that a core has worked for whomever since the machine began."""
    with open("/proc/stat") as file:
        words = next(line for line in file if line.startswith(f"cpu{core} ")).split()
    user, nice, system, _idle, _iowait, irq, softirq = (int(word) for word in words[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


PATIENCE = 20.0
