"""The emulator for tests: found, started, told apart from what failed, and gone whatever ends the test."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bedrock_nova import testing
from bedrock_nova.testing import Emulator, EmulatorError

SOON = 20.0


def lives(pid: int) -> bool:
    """Says whether the process is there, and not only as the number of one that has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or ") Z " not in stat.read_text()


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + SOON
    while lives(pid):
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.01)


def answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=SOON).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def imitation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imitation:
    return Imitation(tmp_path / "bedrock-nova", monkeypatch)


class Imitation:
    """Stands in for the command where the real one would have to be broken."""

    READY = """print('{"tls": "t", "h2c": "h", "ca": "c", "environment": {}}', flush=True)"""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.monkeypatch = monkeypatch

    def does(self, script: str) -> None:
        self.path.write_text(f"#!{sys.executable}\n{script}\n")
        self.path.chmod(0o755)
        self.monkeypatch.setenv("BEDROCK_NOVA_COMMAND", str(self.path))


def test_all_that_a_client_needs() -> None:
    with Emulator(scenario="tools", access_key="AKIDTEST", secret_key="s3cret") as emulator:
        assert answers(emulator.url) and emulator.url.startswith("https://")
        assert answers(emulator.h2c_url) and emulator.h2c_url.startswith("http://")
        assert "BEGIN CERTIFICATE" in Path(emulator.ca_bundle).read_text()
        env = emulator.env
        assert env["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == env["BEDROCK_NOVA_ENDPOINT"] == emulator.url
        assert env["AWS_CA_BUNDLE"] == emulator.ca_bundle
        assert (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]) == ("AKIDTEST", "s3cret")
        env.clear()
        assert emulator.env
        assert emulator.url in repr(emulator)
        pid, bundle = emulator.pid, emulator.ca_bundle
    assert not lives(pid) and not Path(bundle).exists()
    with pytest.raises(EmulatorError, match="not running"):
        _ = emulator.url
    emulator.stop()


async def test_from_a_loop_that_goes_on_meanwhile() -> None:
    async def tick() -> None:
        while True:
            ticks.append(1)
            await asyncio.sleep(0)

    ticks: list[int] = []
    ticking = asyncio.ensure_future(tick())
    async with Emulator() as emulator:
        during = len(ticks)
        assert during > 1
        pid = emulator.pid
    assert len(ticks) > during and not lives(pid)
    ticking.cancel()


async def test_a_start_that_is_cancelled_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    real = testing._Run._wait

    def wait(run: testing._Run) -> testing._Told:
        started.append(run.pid)
        return real(run)

    monkeypatch.setattr(testing._Run, "_wait", wait)
    emulator = Emulator()
    entering = asyncio.ensure_future(emulator.__aenter__())
    async with asyncio.timeout(SOON):
        while not started:  # a thread adds to it
            await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not lives(started[0])
    with pytest.raises(EmulatorError, match="not running"):
        _ = emulator.url


def test_a_command_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEDROCK_NOVA_COMMAND", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sysconfig.get_path", lambda _name: "/nowhere")
    with pytest.raises(EmulatorError, match=r"pip install bedrock-nova\[testing\]"):
        Emulator().start()
    monkeypatch.setenv("BEDROCK_NOVA_COMMAND", "/nowhere/bedrock-nova")
    with pytest.raises(EmulatorError, match="BEDROCK_NOVA_COMMAND names '/nowhere/bedrock-nova'"):
        Emulator().start()


def test_what_the_command_refuses_is_told_in_its_words() -> None:
    with pytest.raises(EmulatorError, match=r"(?s)ended with code 2.*headers=later.*--switch list"):
        Emulator(switches={"headers": "later"}).start()
    with pytest.raises(EmulatorError, match="There is no scenario"):
        Emulator(scenario=Path("nothing.json")).start()
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(EmulatorError, match="is in use by another program"):
        Emulator(tls=f"127.0.0.1:{taken.getsockname()[1]}").start()


def test_a_command_of_another_version(imitation: Imitation) -> None:
    imitation.does("print('{}')")
    with pytest.raises(EmulatorError, match="another version"):
        Emulator().start()


def test_a_command_that_never_is_ready(imitation: Imitation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "_START", 1.0)
    imitation.does("import sys; print('thinking', flush=True); sys.stdin.read()")
    with pytest.raises(EmulatorError, match=r"(?s)not ready within 1 s.*thinking"):
        Emulator().start()


def test_a_command_that_does_not_want_to_end_is_made_to(imitation: Imitation, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    imitation.does(f"{deaf}\n{Imitation.READY}\ntime.sleep(600)")
    emulator = Emulator().start()
    monkeypatch.setattr(testing, "_END", 0.5)
    pid = emulator.pid
    emulator.stop()
    assert not lives(pid)


def test_much_output_neither_stops_the_command_nor_fills_the_memory(imitation: Imitation) -> None:
    lines = "for n in range(100_000): print('line', n, 'x' * 100)\nprint('y' * 10**6, flush=True)"
    imitation.does(f"{Imitation.READY}\n{lines}\nimport sys; sys.stdin.read()")
    with Emulator() as emulator:
        until = time.monotonic() + SOON
        while not emulator.output.endswith("y"):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert "line 99999" in emulator.output and "line 99000 " not in emulator.output
        assert len(emulator.output) < 200 * 2001


def test_one_that_was_killed_is_still_told_of_and_ended() -> None:
    with Emulator(h2c="127.0.0.1:0") as emulator:
        os.kill(emulator.pid, signal.SIGKILL)
        wait_until_gone(emulator.pid)
        assert emulator.output == ""
        assert emulator.url


START = """
    import os, signal, sys
    from bedrock_nova.testing import Emulator
    emulator = Emulator().start()
    print(emulator.pid, flush=True)
"""


@pytest.mark.parametrize(
    "end",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "sys.exit()",
        "os._exit(0)",
        "raise RuntimeError",
        "del emulator; sys.stdin.read()",
    ],
    ids=["kill", "exit", "exit-at-once", "error", "forgotten"],
)
def test_it_does_not_outlive_who_started_it(end: str) -> None:
    script = textwrap.dedent(START) + end
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until_gone(pid)
        parent.communicate(timeout=SOON)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child touches nothing that a thread could hold
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_does_not_keep_it() -> None:
    emulator = Emulator().start()
    pid = emulator.pid
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    begun = time.monotonic()
    emulator.stop()
    assert not lives(pid) and time.monotonic() - begun < testing._END / 2
    os.close(writing)
    os.waitpid(child, 0)


def test_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        textwrap.dedent("""
            import pytest

            @pytest.fixture(scope="session")
            def bedrock_nova_emulator_options():
                return {"access_key": "AKIDFIXTURE", "secret_key": "s"}
        """)
    )
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent("""
            seen = set()

            def test_one(bedrock_nova_emulator, bedrock_nova_service):
                seen.add(bedrock_nova_emulator.pid)
                assert bedrock_nova_emulator.env["AWS_ACCESS_KEY_ID"] == "AKIDFIXTURE"
                assert type(bedrock_nova_service).__name__ == "Bedrock"

            def test_two(bedrock_nova_emulator):
                assert bedrock_nova_emulator.pid in seen
        """)
    )
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="no option 'scenaro'"):
        Emulator(scenaro="x")  # type: ignore[call-arg]
