"""A local Bedrock of the tests' own, for those that have to kill it: the command `bedrock-nova emulate`."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from server import DEADLINE, free_port


def command() -> str | None:
    """Where the command is, if it is installed."""
    return shutil.which(os.environ.get("BEDROCK_NOVA_COMMAND", "bedrock-nova"))


class Emulator:
    """One that comes back at the same address, with the same certificate and keys."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = command()
        assert program is not None, "the command is not installed"
        self._words = [program, "emulate", "--announce", "json", "--until-stdin-closes", "--cert-dir", str(folder)]
        self._words += ["--tls", f"127.0.0.1:{free_port()}", "--h2c", f"127.0.0.1:{free_port()}"]
        self._words += ["--access-key", "a-key", "--secret-key", "its-secret", *options]
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()

    def start(self) -> None:
        """Starts it; ready when this is back."""
        self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None, "it was asked for"
        self.environment = dict(json.loads(self._process.stdout.readline())["environment"])

    def kill(self) -> None:
        """SIGKILL."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(DEADLINE)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "it was asked for"
            pipe.close()
