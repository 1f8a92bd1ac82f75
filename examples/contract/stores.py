"""Where a server keeps its calls: a folder, or a Redis of the tests' own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from server import DEADLINE, free_port
from talk import eventually


@contextmanager
def store(kind: str, folder: Path) -> Iterator[str]:
    """A value of `SESSION_STORE`."""
    if kind == "folder":
        yield str(folder)
        return
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server")
    port = str(free_port())
    with subprocess.Popen(
        [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    ) as redis:
        try:
            # A server may be there before it.
            eventually(lambda: listens(int(port)) or None, "a Redis that listens")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            redis.terminate()
            redis.wait(DEADLINE)


def listens(port: int) -> bool:
    """Whether anybody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
