"""A server under test, as its own process: started with settings, watched, stopped, killed.

Whatever language it is written in, it takes its settings from the environment (`docs/API.md`), serves on `PORT`, and
starts an emulator by itself if `BEDROCK_NOVA_ENDPOINT` is `emulator`.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

ROOT = Path(__file__).parents[1]
#: The server of this repository's own example.
EXAMPLE = f"{sys.executable} -m uvicorn app.main:app --host 127.0.0.1 --port $PORT --timeout-graceful-shutdown 10"
#: How long a server may take to be there, and to be gone.
DEADLINE = 30.0


class Server:
    """One process, and whatever it has started itself."""

    def __init__(self, command: str | None, settings: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._settings = dict(settings)
        self._log = log
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it on a free port, and waits until it is healthy."""
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK_MODEL"))}
        settings = {"BEDROCK_NOVA_ENDPOINT": "emulator", "AWS_REGION": "us-east-1", "PORT": port, **self._settings}
        command = [port if word == "$PORT" else word for word in shlex.split(self._command or EXAMPLE)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=None if self._command else ROOT / "fastapi",
                env=plain | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own, so that what it has started ends with it.
                start_new_session=True,
            )
        self._wait_until_healthy()

    def terminate(self) -> None:
        """SIGTERM, to the server alone, as an orchestrator sends it."""
        self._running.terminate()

    def interrupt(self) -> None:
        """SIGINT, as Ctrl-C sends it."""
        self._running.send_signal(signal.SIGINT)

    def wait(self, deadline: float = DEADLINE) -> int:
        """Waits for its end, and returns its status."""
        return self._running.wait(deadline)

    def kill(self) -> None:
        """SIGKILL, to the server and all that it has started: nothing can be put in order."""
        os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait(DEADLINE)

    def stop(self) -> None:
        """Ends it, whatever it takes."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(DEADLINE)
        self._process = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "the server was not started"
        return self._process

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            if self._running.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health", timeout=5).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # It is not there yet.
        raise AssertionError(f"the server did not come up; it said:\n{self.log}")


#: Starts a server with settings; it ends with the test module.
Start = Callable[..., Server]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
