"""Whatever is sent, the server does not fail: requests made up from the description of its routes."""

import subprocess
import sys
from pathlib import Path

from server import Start
from talk import Client

MINUTE = 60
STREAM = "/events/stream/{session_id}"


def test_no_request_makes_the_server_fail(start: Start, tmp_path: Path) -> None:
    url = start(MAX_SESSIONS=5, SESSION_TIMEOUT=5).url
    # First, while there is no call yet: a stream of one would not end.
    ran = schemathesis(url, tmp_path, "--include-path", STREAM)
    ran += schemathesis(url, tmp_path, "--exclude-path", STREAM)
    assert " 0 passed" not in ran
    assert Client(url).get("/health")["status"] == "ok"


def schemathesis(url: str, folder: Path, *options: str) -> str:
    """Runs it in a folder, where it keeps notes; returns what it has said."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", *options),
        *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--max-examples", "8"),
        *("--request-timeout", "20", "--seed", "1", "--no-color", "--generation-database", "none"),
    ]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * MINUTE, check=False)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    return ran.stdout
