"""The voice backend under load, and what its route for audio takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from languages import Backend
from processes import Unmeasured


@dataclass(frozen=True)
class Answers:
    """What the clients saw, and what the server used of its core meanwhile."""

    sent: int
    refused: int
    p50: float
    p99: float
    longest: float
    cpu: float
    waited: float
    """How long the server's loop could have run and had no core."""


def measure(backend: Backend, url: str, ca: str, calls: int, seconds: float) -> Answers:
    """Start the server, speak in all calls, and stop it."""
    port = free_port()
    env = os.environ | {
        "BEDROCK_NOVA_ENDPOINT": url,
        "AWS_CA_BUNDLE": ca,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "MAX_SESSIONS": str(calls),
        "LOG_LEVEL": "WARNING",
        "PORT": str(port),
    }
    command = [word.replace("$PORT", str(port)) for word in backend.command]
    server = subprocess.Popen(command, cwd=backend.folder, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        before, queued, begin = used(server.pid), waited(server.pid), time.monotonic()
        script = str(Path(__file__).with_name("posts.py"))
        command = [sys.executable, script, str(port), str(calls), str(seconds)]
        told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds + 60)
        if told.returncode != 0:
            raise Unmeasured(f"the clients failed: {told.stderr.strip()[-400:]}")
        seconds = time.monotonic() - begin
        cpu, queue = (used(server.pid) - before) / seconds, (waited(server.pid) - queued) / seconds
    finally:
        server.kill()
        server.wait()
    sent, refused, p50, p99, longest = told.stdout.split()
    return Answers(int(sent), int(refused), float(p50), float(p99), float(longest), cpu, queue)


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server listens."""
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unmeasured("the voice backend does not start")


def waited(pid: int) -> float:
    """Return the seconds that the main thread of a process was ready and had no core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def used(pid: int) -> float:
    """Return the processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
