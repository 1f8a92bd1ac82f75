"""What a call is to be: every option with the default of the library, which is written down there alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypedDict

from .tools import OfferedTool, Tool

__all__ = ["Budget", "Idle", "Message", "Options", "Renewal", "Timeouts"]

ToolLike: TypeAlias = "Tool | OfferedTool | Callable[..., Any]"
Rate: TypeAlias = Literal[8000, 16000, 24000]


@dataclass(frozen=True, slots=True)
class Message:
    """One line of what was said before."""

    role: Literal["user", "assistant"]
    text: str

    def __repr__(self) -> str:
        return f"Message({self.role}, {len(self.text)} letters)"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each thing may take, in seconds; None leaves the library's own choice."""

    connect: float | None = None
    answer: float | None = None
    tool: float | None = None
    recover: float | None = None
    close: float | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """When silence is told of, when it ends the call, and how long a call may be, in seconds."""

    tell: float | None = None
    hang_up: float | None = None
    longest_call: float | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """When a session makes room for the next, as shares of its life."""

    from_share: float | None = None
    at_the_latest: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be used: pairs of a soft bound, which is told of, and a hard one, which ends the call."""

    tokens: tuple[int | None, int | None] = (None, None)
    cost: tuple[Decimal | str | None, Decimal | str | None] = (None, None)
    """US dollars, as `Decimal` or text: a float would be rounded."""
    time: tuple[float | None, float | None] = (None, None)
    """Seconds."""
    farewell: str | None = None
    """What the assistant is told before a hard bound ends the call."""


class Options(TypedDict, total=False):
    """The options of a call; all of them have a default."""

    system: str
    voice: str
    model: str
    regions: Sequence[str]
    temperature: float
    top_p: float
    max_tokens: int
    endpointing: Literal["high", "medium", "low"]
    input_rate: Rate
    output_rate: Rate
    tools: Sequence[ToolLike]
    tool_choice: str
    history: Sequence[Message]
    greeting: str
    duplex: Literal["full", "half"]
    audio_end: Literal["silence", "close"]
    audio_during_tools: Literal["adapt", "hold", "send"]
    timeouts: Timeouts
    idle: Idle
    renewal: Renewal
    budget: Budget
    record: str | os.PathLike[str]
    record_in_full: bool


def check_names(options: Options) -> None:
    """Refuse an option that does not exist, as a function refuses an argument."""
    unknown = sorted(set(options) - set(Options.__annotations__))
    if unknown:
        raise TypeError(f"a call has no option {unknown[0]!r}; it has {', '.join(Options.__annotations__)}")


def record_of(options: Options) -> dict[str, Any]:
    """Return where the flight log goes, as the native module takes it."""
    path = options.get("record")
    return {
        "record": None if path is None else os.fspath(path),
        "record_in_full": options.get("record_in_full", False),
    }


def encode(options: Options, tools: Sequence[Tool | OfferedTool]) -> bytes:
    """Write the options as the library's configuration."""
    config: dict[str, Any] = {}
    for name in ("system", "voice", "model", "endpointing", "greeting", "duplex"):
        if (value := options.get(name)) is not None:
            config[name] = value
    for name, spelled in (
        ("input_rate", "inputRate"),
        ("output_rate", "outputRate"),
        ("audio_end", "audioEnd"),
        ("audio_during_tools", "audioDuringTools"),
    ):
        if (value := options.get(name)) is not None:
            config[spelled] = value
    if "regions" in options:
        config["regions"] = list(options["regions"])
    inference = {
        spelled: options[name]  # type: ignore[literal-required]
        for name, spelled in (
            ("temperature", "temperature"),
            ("top_p", "topP"),
            ("max_tokens", "maxTokens"),
        )
        if options.get(name) is not None
    }
    if inference:
        config["inference"] = inference
    if tools:
        config["tools"] = [tool.to_json() for tool in tools]
    if (choice := options.get("tool_choice")) is not None:
        config["toolChoice"] = choice if choice in ("auto", "any") else {"tool": choice}
    if "history" in options:
        config["history"] = [asdict(line) for line in options["history"]]
    if (timeouts := options.get("timeouts")) is not None:
        config["timeouts"] = _durations(asdict(timeouts))
    if (idle := options.get("idle")) is not None:
        config["idle"] = _durations({"tell": idle.tell, "hangUp": idle.hang_up, "longestCall": idle.longest_call})
    if (renewal := options.get("renewal")) is not None:
        shares = {"from": renewal.from_share, "atTheLatest": renewal.at_the_latest}
        config["renewal"] = {name: share for name, share in shares.items() if share is not None}
    if (budget := options.get("budget")) is not None:
        config["budget"] = budget_to_json(budget)
    return json.dumps(config).encode()


def budget_to_json(budget: Budget) -> dict[str, Any]:
    """Write a budget down."""
    (soft_cost, hard_cost), (soft_time, hard_time) = budget.cost, budget.time
    return {
        "tokens": {"soft": budget.tokens[0], "hard": budget.tokens[1]},
        "cost": {"soft": _money(soft_cost), "hard": _money(hard_cost)},
        "time": {
            "soft": None if soft_time is None else duration(soft_time),
            "hard": None if hard_time is None else duration(hard_time),
        },
        "farewell": budget.farewell,
    }


def _money(amount: Decimal | str | None) -> str | None:
    return None if amount is None else f"{Decimal(amount):f}"


def _durations(times: dict[str, float | None]) -> dict[str, Any]:
    return {name: duration(time) for name, time in times.items() if time is not None}


def duration(seconds: float) -> dict[str, int]:
    """Write seconds as the library writes a time."""
    nanos = round(seconds * 1_000_000_000)
    if nanos < 0:
        raise ValueError(f"a time cannot be negative: {seconds}")
    return {"secs": nanos // 1_000_000_000, "nanos": nanos % 1_000_000_000}
