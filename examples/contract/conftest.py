"""Tests of the voice contract (`docs/API.md`) against any server, in whatever language it is written.

    pytest examples/contract                                      # the FastAPI example, on free ports, with emulators
    pytest examples/contract --base-url http://127.0.0.1:8000     # a server that runs; with the scenario small_talk
    pytest examples/contract --server-command 'node server.mjs'   # another server; it is started with its settings

Some tests need a server of their own, to be killed for instance: with `--base-url` alone they are skipped.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from server import Server, Start
from talk import Client


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract")
    group.addoption("--base-url", help="address of a running server")
    group.addoption("--server-command", help="starts a server; $PORT stands for its port")
    group.addoption(
        "--other-server-command",
        action="append",
        default=[],
        help="a server of another language, to which calls go on; as often as there are",
    )
    group.addoption("--long", action="store_true", help="also what takes a minute in real time")
    group.addoption("--calls", type=int, default=100, help="how many calls at once one test opens")


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with usual settings."""
    given: str | None = request.config.getoption("--base-url")
    if given is not None:
        yield given
        return
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(request.config.getoption("--server-command"), {}, log) as server:
        yield server.url


@pytest.fixture(scope="module")
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers with settings of their own."""
    command: str | None = request.config.getoption("--server-command")
    if command is None and request.config.getoption("--base-url") is not None:
        pytest.skip("needs a server of its own: give --server-command")
    folder: Path = tmp_path_factory.mktemp("servers")
    with ExitStack() as servers:

        def begin(*, command: str | None = command, **settings: object) -> Server:
            texts = {name: str(value) for name, value in settings.items()}
            log = folder / f"log{len(list(folder.iterdir()))}"
            return servers.enter_context(Server(command, texts, log))

        yield begin


@pytest.fixture
def client(running: str) -> Client:
    """A client of the usual server."""
    return Client(running)


@pytest.fixture
def session(client: Client) -> Iterator[str]:
    """A call on the usual server."""
    session = client.start()
    yield session
    client.http.delete(f"/session/{session}")
