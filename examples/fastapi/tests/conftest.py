"""The server of this folder, as `run.sh` would start it, for tests of what is beside it."""

import sys
from collections.abc import Iterator

import pytest
from here import EXAMPLE

sys.path[:0] = [str(EXAMPLE), str(EXAMPLE.parent / "contract")]

from server import Server  # noqa: E402


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with an emulator."""
    with Server(None, {}, tmp_path_factory.mktemp("server") / "log") as server:
        yield server.url
