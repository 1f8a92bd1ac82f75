"""What is known of the models: a dated catalogue, the same in every language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import _native

__all__ = ["Model", "Voice", "models", "voices"]


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice; `id` is what goes into `voice=`."""

    id: str
    gender: str
    locales: tuple[str, ...]
    polyglot: bool


@dataclass(frozen=True, slots=True)
class Model:
    """A speech model and its published facts; None where nothing is published."""

    id: str
    name: str
    released: str | None
    end_of_life: str | None
    replacement: str | None
    languages: tuple[str, ...]
    features: tuple[str, ...]
    voices: tuple[Voice, ...]
    session_seconds: int
    prices: dict[str, Decimal | None]
    """US dollars a token: `speech_in`, `text_in`, `speech_out`, `text_out`."""


def models() -> list[Model]:
    """Return the speech models of the built-in catalogue."""
    return [_model(facts) for facts in json.loads(_native.models())]


def voices(model: str | None = None) -> list[Voice]:
    """Return the voices of a model; of all models when none is named."""
    found: dict[str, Voice] = {}
    for each in models():
        if model is None or each.id == model:
            found |= {voice.id: voice for voice in each.voices}
    return list(found.values())


def _model(facts: dict[str, Any]) -> Model:
    prices = facts["picoDollarsPerToken"]
    names = {"speech_in": "speechIn", "text_in": "textIn", "speech_out": "speechOut", "text_out": "textOut"}
    return Model(
        facts["id"],
        facts["name"],
        facts.get("released"),
        facts.get("endOfLife"),
        facts.get("replacement"),
        tuple(facts["languages"]),
        tuple(facts["features"]),
        tuple(
            Voice(each["id"], each["gender"], tuple(each["locales"]), each.get("reach") == "polyglot")
            for each in facts["voices"]
        ),
        facts["limits"]["sessionSeconds"],
        {name: _dollars(prices.get(spelled)) for name, spelled in names.items()},
    )


def _dollars(pico: int | None) -> Decimal | None:
    return None if pico is None else Decimal(pico).scaleb(-12)
