"""Fixtures for pytest, which finds them by itself once this package is installed.

``bedrock_nova_emulator``
    A local Bedrock that lives as long as the test session.
``bedrock_nova_service``
    A service whose calls go there.
``bedrock_nova_emulator_options``
    What the emulator is told; override it in ``conftest.py`` with a fixture of the same name and of scope ``session``::

        @pytest.fixture(scope="session")
        def bedrock_nova_emulator_options() -> EmulatorOptions:
            return {"scenario": "tools", "pace": 20}

A test that needs an emulator of its own uses :class:`bedrock_nova.testing.Emulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Bedrock
    from .testing import Emulator, EmulatorOptions


@pytest.fixture(scope="session")
def bedrock_nova_emulator_options() -> EmulatorOptions:
    """What the emulator of the session is told: nothing."""
    return {}


@pytest.fixture(scope="session")
def bedrock_nova_emulator(bedrock_nova_emulator_options: EmulatorOptions) -> Iterator[Emulator]:
    """A local Bedrock for the whole session."""
    from .testing import Emulator

    with Emulator(**bedrock_nova_emulator_options) as emulator:
        yield emulator


@pytest.fixture
def bedrock_nova_service(bedrock_nova_emulator: Emulator) -> Bedrock:
    """A service whose calls go to the emulator of the session."""
    return bedrock_nova_emulator.service()
