"""The languages that are measured: their clients, and the voice backend in each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).parents[1]
EXAMPLES = BENCHES.parent / "examples"
SDK = "official SDK"


@dataclass(frozen=True)
class Client:
    """Who speaks to the peer."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Backend:
    """The voice backend: how it is started, where, and what it is."""

    command: tuple[str, ...]
    folder: Path
    what: str


class Python:
    """The wheel, on both event loops."""

    sdk_can_be_filled = True
    """Whether the official SDK still answers when it is given all that it takes."""

    def clients(self, words: argparse.Namespace) -> tuple[Sequence[Client], Sequence[Client]]:
        """Return our clients and the official SDK's, if that is there."""
        folder = BENCHES / "python"
        ours = [
            Client(f"Python, {loop}", (words.python, str(folder / "ours.py"), "--loop", loop))
            for loop in ("asyncio", "uvloop")
        ]
        sdk = [Client(SDK, (words.sdk_python, str(folder / "sdk.py")))] if words.sdk_python else []
        return ours, sdk

    def backend(self, words: argparse.Namespace) -> Backend:
        """Return the voice backend."""
        server = ("-m", "uvicorn", "app.main:app", "--loop", "uvloop", "--no-access-log", "--log-level", "warning")
        return Backend(
            (words.python, *server, "--port", "$PORT"),
            EXAMPLES / "fastapi",
            "examples/fastapi, uvicorn on uvloop, one process",
        )

    @staticmethod
    def read(parser: argparse.ArgumentParser) -> None:
        """Add what has to be known."""
        parser.add_argument(
            "--python",
            type=os.path.abspath,
            default=sys.executable,
            help="a Python with the wheel, uvloop and the backend's packages",
        )
        parser.add_argument("--sdk-python", type=os.path.abspath, help="a Python with the official SDK")


class Node:
    """The Node package."""

    sdk_can_be_filled = False
    """It takes whatever it is given into memory, and its process answers nothing meanwhile."""

    def clients(self, words: argparse.Namespace) -> tuple[Sequence[Client], Sequence[Client]]:
        """Return our client and the official SDK's, if that is there."""
        folder = BENCHES / "node"
        # To the core of the clients, where the others go by themselves; Node has no word for it.
        node = ("taskset", "--cpu-list", "0", words.node)
        ours = [Client("Node.js", (*node, str(folder / "ours.mjs"), "--packages", words.packages))]
        sdk = [Client(SDK, (*node, str(folder / "sdk.mjs"), "--packages", words.sdk_packages))]
        return ours, sdk if words.sdk_packages else []

    def backend(self, words: argparse.Namespace) -> Backend:
        """Return the voice backend."""
        return Backend(
            (words.node, str(Path(words.packages) / "server.mjs")),
            Path(words.packages),
            "examples/node, Fastify, one process",
        )

    @staticmethod
    def read(parser: argparse.ArgumentParser) -> None:
        """Add what has to be known."""
        parser.add_argument("--node", default="node", help="the program Node.js")
        parser.add_argument(
            "--packages", type=os.path.abspath, required=True, help="a folder where the package is installed"
        )
        parser.add_argument("--sdk-packages", type=os.path.abspath, help="a folder where the official SDK is installed")


ALL: dict[str, Python | Node] = {"python": Python(), "node": Node()}
