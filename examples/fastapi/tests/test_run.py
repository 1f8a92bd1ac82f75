"""`run.sh`, in the environment of the tests."""

import sys
from pathlib import Path

import httpx
import pytest
from here import EXAMPLE, run
from server import Server
from talk import Client, eventually, refused

RUN = str(EXAMPLE / "run.sh")


def test_it_says_loudly_that_it_is_an_emulator(tmp_path: Path) -> None:
    with Server(RUN, {"VENV": sys.prefix}, tmp_path / "log") as server:
        assert Client(server.url).get("/health")["endpoint"] == "emulator"
        assert "*** EMULATOR" in server.log and "not to AWS" in server.log
        server.terminate()
        assert server.wait() in (0, -15)


def test_with_aws_it_starts_no_emulator(tmp_path: Path) -> None:
    with Server(f"{RUN} --aws", {"VENV": sys.prefix}, tmp_path / "log") as server:
        assert Client(server.url).get("/health")["endpoint"] == "aws"
        assert "EMULATOR" not in server.log


def test_workers_share_a_port_and_say_which_has_a_call(tmp_path: Path) -> None:
    settings = {"VENV": sys.prefix, "WORKERS": "4", "SESSION_STORE": str(tmp_path / "calls")}
    with Server(RUN, settings, tmp_path / "log") as server:
        client = Client(server.url)
        session = client.start()
        assert client.get(f"/session/{session}")["status"] == "active", "a connection stays with its worker"

        def elsewhere() -> httpx.Response | None:
            answer = Client(server.url).http.get(f"/session/{session}")
            return answer if answer.status_code == 503 else None

        error = refused(eventually(elsewhere, "another worker"), 503, "held-elsewhere")
        assert error["retryable"] and "worker " in error["hint"]
        # Whoever comes back on new connections finds the right one.
        eventually(lambda: Client(server.url).http.get(f"/session/{session}").is_success or None, "the right worker")
        client.end(session)
        server.terminate()
        assert server.wait() in (0, -15)


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (["--nope"], {}, "no option --nope"),
        ([], {"MAX_SESSIONS": "many"}, "MAX_SESSIONS"),
        (["--aws"], {}, "AWS_REGION"),
    ],
)
def test_it_says_what_is_wrong(words: list[str], settings: dict[str, str], said: str, tmp_path: Path) -> None:
    path = {"PATH": "/usr/bin:/bin", "VENV": sys.prefix, "PYTHONPATH": ":".join(sys.path)}
    ran = run(RUN, *words, folder=tmp_path, **path, **settings)
    assert ran.returncode == 1 and said in ran.stderr, ran.stdout + ran.stderr
