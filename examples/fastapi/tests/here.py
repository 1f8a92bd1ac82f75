"""Where the example is, and how its programs are run."""

import subprocess
from pathlib import Path

EXAMPLE = Path(__file__).parents[1]


def run(*command: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end."""
    return subprocess.run(
        command, cwd=folder, env=settings or None, capture_output=True, text=True, timeout=60, check=False
    )
