"""The programs of the pages are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bedrock_nova.testing import Emulator

HERE = Path(__file__).resolve().parents[1]


def programs(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def run(python: str, emulator: Emulator, program: str) -> str:
    words = [python, "-W", "error::DeprecationWarning:__main__", "-c", program]
    environment = os.environ | emulator.env
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_first_program_prints_both_lines(python: str, emulator: Emulator) -> None:
    said = run(python, emulator, programs(HERE / "README.md")[0])
    assert said.startswith("user: What can you do for me?\nassistant: ")


def test_the_tool_and_the_server_can_be_read(python: str, emulator: Emulator) -> None:
    pytest.importorskip("fastapi")
    _, tool, server, _ = programs(HERE / "README.md")
    server = server.replace("/var/lib/my-app/calls", "memory")
    run(python, emulator, f"{tool}\n{server}\nassert len(app.routes) > 0")


def test_the_test_passes(python: str, tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(programs(HERE / "README.md")[3])
    words = [python, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_the_program_of_the_first_page_prints_the_weather(python: str, emulator: Emulator) -> None:
    (program,) = programs(HERE.parent / "README.md")
    assert "11 degrees" in run(python, emulator, program)


def test_the_program_of_the_page_of_languages_prints_what_the_other_two_print(python: str, emulator: Emulator) -> None:
    folder = HERE.parent / "examples" / "languages"
    assert run(python, emulator, (folder / "hello.py").read_text()) == (folder / "hello.txt").read_text()
