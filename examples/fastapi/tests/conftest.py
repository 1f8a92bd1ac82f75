"""The server of this folder, as `run.sh` would start it, for tests of what is beside it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1]
sys.path[:0] = [str(EXAMPLE), str(EXAMPLE.parent / "contract")]

from server import Server  # noqa: E402


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with an emulator."""
    with Server(None, {}, tmp_path_factory.mktemp("server") / "log") as server:
        yield server.url


def run(*command: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end."""
    return subprocess.run(
        command, cwd=folder, env=settings or None, capture_output=True, text=True, timeout=60, check=False
    )
