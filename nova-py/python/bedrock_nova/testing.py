"""A local Bedrock for tests: no account, no network beyond this machine, scripted answers that are spoken.

>>> from bedrock_nova import Conversation
>>> from bedrock_nova.testing import Emulator
>>> async def test_a_call() -> None:
...     async with Emulator(scenario="small_talk") as emulator:
...         async with Conversation(service=emulator.service()) as talk:
...             await talk.send_text("Hello")

It is the command ``bedrock-nova emulate`` of the package ``bedrock-nova-cli`` (``pip install bedrock-nova[testing]``), as a
child of this process: real HTTP/2, TLS, signatures and limits. With pytest, the fixtures ``bedrock_nova_emulator`` and
``bedrock_nova_service`` are there without an import (:mod:`bedrock_nova.testing_plugin`).

The child lives no longer than this process. Its standard input is a pipe of which only this process holds the other end,
and it ends when that closes: on leaving the ``with``, at a normal exit, and also after ``kill -9``.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sysconfig
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, TypedDict, TypeVar, Unpack

if TYPE_CHECKING:
    from types import TracebackType

    from . import Bedrock, Credentials

__all__ = ["Emulator", "EmulatorError", "EmulatorOptions"]

T = TypeVar("T")


class EmulatorError(RuntimeError):
    """The emulator did not start, or is not running. The message ends with the last lines that it printed."""


class EmulatorOptions(TypedDict, total=False):
    """What an emulator can be told. Every key may be left out."""

    scenario: str | os.PathLike[str]
    """Name of a shipped scenario (``small_talk``, ``tools``, ``long_answer``, ``silence``, ``german``) or a file."""
    pace: float
    """How many times faster than real time answers are sent; 4 without it."""
    clock: float
    """Scale of every limit in wall time: 60 makes eight minutes eight seconds."""
    strict: bool
    """Whether it refuses what clients in the field do wrong; otherwise it writes that down."""
    switches: Mapping[str, str]
    """Positions of doubtful behaviours; ``bedrock-nova emulate --switch list`` lists them."""
    tls: str
    """Address with TLS; a free port of the loopback interface without it."""
    h2c: str
    """Address without TLS; likewise."""
    access_key: str
    """Access key that is let in, together with ``secret_key``; made up without it."""
    secret_key: str
    """Secret to ``access_key``."""


class Emulator:
    """A local Bedrock, started by ``with``, ``async with`` or :meth:`start` and ended with it.

    One object is one run after another: it may be started again once it has ended.
    """

    def __init__(self, **options: Unpack[EmulatorOptions]) -> None:
        if unknown := sorted(set(options) - set(EmulatorOptions.__annotations__)):
            raise TypeError(
                f"an emulator has no option {unknown[0]!r}; it has {', '.join(EmulatorOptions.__annotations__)}"
            )
        self._words = _words(options)
        self._run: _Run | None = None

    def start(self) -> Self:
        """Starts it and waits, at most 30 s, until clients are let in.

        Raises :class:`EmulatorError` when the command is missing, when it refuses the options or when time is up.
        """
        if self._run is None:
            self._run = _Run(_command(), self._words)
        return self

    def stop(self) -> None:
        """Ends it; a second time changes nothing. It is asked to end first, then made to."""
        run, self._run = self._run, None
        if run is not None:
            run.end()

    def service(self) -> Bedrock:
        """Returns a service whose calls go to this emulator, over TLS and with its own credentials."""
        from . import Bedrock

        return Bedrock(
            region=self.region, endpoint_url=self.url, ca_bundle=self.ca_bundle, credentials=self.credentials
        )

    @property
    def url(self) -> str:
        """Address with TLS, to be trusted by means of ``ca_bundle``."""
        return self._running().told.tls

    @property
    def h2c_url(self) -> str:
        """Address without TLS."""
        return self._running().told.h2c

    @property
    def ca_bundle(self) -> str:
        """File with the test CA; it is gone when the emulator has ended."""
        return self._running().told.ca

    @property
    def region(self) -> str:
        """The region that clients sign for."""
        return self.env["AWS_REGION"]

    @property
    def credentials(self) -> Credentials:
        """The key that is let in."""
        from . import Credentials

        return Credentials(self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"])

    @property
    def env(self) -> dict[str, str]:
        """Variables that lead this package and AWS's own SDKs to the emulator, for a process that is started with them."""
        return dict(self._running().told.environment)

    @property
    def pid(self) -> int:
        """Number of the process, for tests that kill it."""
        return self._running().pid

    @property
    def output(self) -> str:
        """The last lines that it printed: streams that began and ended, and rules that a client broke."""
        return self._running().tail()

    def _running(self) -> _Run:
        if self._run is None:
            raise EmulatorError("The emulator is not running: it runs inside `with Emulator() as emulator:`.")
        return self._run

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        try:
            return await _elsewhere(self.start)
        except BaseException:
            # Cancelled when it had started already: nobody calls `__aexit__` then.
            await _elsewhere(self.stop)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _elsewhere(self.stop)

    def __repr__(self) -> str:
        return "Emulator(not running)" if self._run is None else f"Emulator({self.url!r})"


def _command() -> Path:
    """Returns where the ``bedrock-nova`` command is.

    Asked in this order: ``BEDROCK_NOVA_COMMAND``, the scripts of this environment, the path. Raises
    :class:`EmulatorError` with what to install when none of them has it.
    """
    if named := os.environ.get("BEDROCK_NOVA_COMMAND"):
        if found := shutil.which(named):
            return Path(found)
        raise EmulatorError(f"BEDROCK_NOVA_COMMAND names {named!r}, which is no program that can be run.")
    for folder in (sysconfig.get_path("scripts"), None):
        if found := shutil.which("bedrock-nova", path=folder):
            return Path(found)
    raise EmulatorError(
        "The command `bedrock-nova` is not installed, and the emulator is a part of it. "
        "Get it with `pip install bedrock-nova[testing]`, or name it in BEDROCK_NOVA_COMMAND."
    )


class _Told:
    """What the first line of the command says."""

    def __init__(self, line: bytes) -> None:
        told = json.loads(line)
        self.tls: str = told["tls"]
        self.h2c: str = told["h2c"]
        self.ca: str = told["ca"]
        self.environment: dict[str, str] = told["environment"]


class _Run:
    """One child process, from its start to its end."""

    told: _Told

    def __init__(self, program: Path, words: list[str]) -> None:
        self._child = subprocess.Popen(
            [program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C at the terminal is for the tests; they end the emulator when they are through with it.
            process_group=0 if os.name == "posix" else None,
        )
        self._reader = _Reader(self._child.stdout)
        # Also when nobody calls `end`: the object is forgotten, or the interpreter exits.
        self.end: Callable[[], object] = weakref.finalize(self, _end, self._child, self._reader)
        try:
            self.told = self._wait()
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    def tail(self) -> str:
        return self._reader.tail()

    def _wait(self) -> _Told:
        if not self._reader.ready.wait(_START):
            raise EmulatorError(f"The emulator was not ready within {_START:.0f} s.{self._printed()}")
        if (line := self._reader.first) is None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_END)
            raise EmulatorError(f"The emulator ended with code {self._child.returncode}.{self._printed()}")
        try:
            return _Told(line)
        except (ValueError, KeyError, TypeError) as error:
            raise EmulatorError(
                f"The command is of another version than this package: it does not say where the emulator is, but "
                f"{line.decode(errors='replace')!r}.{self._printed()}"
            ) from error

    def _printed(self) -> str:
        return f" It printed:\n{tail}" if (tail := self.tail()) else " It printed nothing."


class _Reader:
    """Reads what the child prints, on a thread of its own: a full pipe would stop the child, and memory has a bound."""

    def __init__(self, output: IO[bytes] | None) -> None:
        assert output is not None, "it was asked for"
        self.ready = threading.Event()
        self.first: bytes | None = None
        self._output = output
        self._lines: deque[bytes] = deque(maxlen=_LINES)
        self._thread = threading.Thread(target=self._read, name="bedrock-nova emulator", daemon=True)
        self._thread.start()

    def tail(self) -> str:
        return b"".join(self._lines.copy()).decode(errors="replace").rstrip()

    def close(self) -> None:
        """Waits for the last words of a child that has ended. A process that it started could hold its output open."""
        self._thread.join(_END)
        if not self._thread.is_alive():
            self._output.close()

    def _read(self) -> None:
        for line in self._pieces():
            if self.first is None and line.startswith(b"{"):
                self.first = line
                self.ready.set()
            else:
                self._lines.append(line[:_SHOWN])
        self.ready.set()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._output.readline(_LINE):
            yield piece


def _end(child: subprocess.Popen[bytes], reader: _Reader) -> None:
    assert child.stdin is not None, "it was asked for"
    # Enough, where nobody else holds this end. A process that was forked from this one does.
    child.stdin.close()
    if os.name == "posix":
        child.terminate()
    try:
        child.wait(_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(_END)
    reader.close()


def _words(options: EmulatorOptions) -> list[str]:
    words = ["emulate", "--announce", "json", "--until-stdin-closes"]
    words += ["--tls", options.get("tls", _FREE), "--h2c", options.get("h2c", _FREE)]
    for name in ("scenario", "pace", "clock", "access_key", "secret_key"):
        if (value := options.get(name)) is not None:
            words += ["--" + name.replace("_", "-"), os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    if options.get("strict"):
        words.append("--strict")
    for name, position in options.get("switches", {}).items():
        words += ["--switch", f"{name}={position}"]
    return words


async def _elsewhere(work: Callable[[], T]) -> T:
    """Does what blocks on a thread, and does it to the end: a start that is cancelled half-way would leave a child."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


_FREE = "127.0.0.1:0"
_START = 30.0
_END = 5.0
_LINES = 200
_LINE = 65536
_SHOWN = 2000
