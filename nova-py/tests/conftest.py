"""What the tests share: one emulator, and both event loops."""

from __future__ import annotations

import asyncio
import math
import sys
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bedrock_nova import Bedrock
from bedrock_nova.testing import Emulator, EmulatorOptions

try:
    import uvloop
except ImportError:  # a Python that it has no wheel for yet
    uvloop = None  # type: ignore[assignment]

LOOPS = {"asyncio": asyncio.new_event_loop} | ({"uvloop": uvloop.new_event_loop} if uvloop else {})


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Any]:
    """Run every async test on each loop."""
    return LOOPS


def voice(seconds: float, rate: int = 16_000) -> bytes:
    """Make sound in the range of a voice, loud enough to be heard."""
    wave = (
        math.sin(at * math.tau * 220 / rate) * (0.6 + 0.4 * math.sin(at * math.tau * 4 / rate))
        for at in range(int(seconds * rate))
    )
    return array("h", (int(9_000 * each) for each in wave)).tobytes()


@pytest.fixture(scope="session")
def bedrock_nova_emulator_options() -> EmulatorOptions:
    """Have it answer much faster than anybody speaks."""
    return {"pace": 40}


@pytest.fixture(scope="session")
def emulator(bedrock_nova_emulator: Emulator) -> Emulator:
    """The emulator of the whole run: the fixture that comes with the package."""
    return bedrock_nova_emulator


@pytest.fixture(scope="session")
def tools_emulator() -> Iterator[Emulator]:
    """An emulator whose model asks for tools."""
    with Emulator(scenario="tools", pace=40) as running:
        yield running


@pytest.fixture
def service(bedrock_nova_service: Bedrock) -> Bedrock:
    """The way to it."""
    return bedrock_nova_service


@pytest.fixture(scope="session")
def question() -> bytes:
    """A second and a half of something that sounds like a voice: 16 kHz, 16 bit, mono."""
    return voice(1.5)


@pytest.fixture
def python() -> str:
    """The interpreter, for tests of whole processes."""
    return sys.executable
