"""Everything that can be set, from the environment; `.env.example` describes each variable.

A value that cannot be read stops the start with a sentence that names the variable.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar, cast

from bedrock_nova import Options

T = TypeVar("T")

PROMPT = (
    "You are a warm and friendly assistant. The user and you are talking to each other by voice. "
    "Answer in two or three short sentences."
)


class ConfigError(ValueError):
    """A variable has a value that cannot be read."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the server is to be."""

    endpoint: str = ""
    aws_endpoint: str = ""
    emulator_scenario: str = "small_talk"
    emulator_pace: float = 4.0
    options: Options = field(default_factory=lambda: Options(system=PROMPT))
    sessions: int = 100
    sessions_per_owner: int | None = None
    idle: float = 120.0
    drain: float = 30.0
    store: str | None = None
    lease: float = 15.0
    instance_url: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    ticket_secret: str | None = None
    ticket_life: float = 60.0
    rate: float = 0.0
    largest_body: int = 4 << 20
    cors_origins: tuple[str, ...] = ()
    log_level: str = "INFO"

    @property
    def emulated(self) -> bool:
        """Whether this server starts an emulator of its own."""
        return self.endpoint == "emulator"

    @property
    def endpoint_name(self) -> str:
        """What the log and `/health` call the service."""
        return self.endpoint or self.aws_endpoint or "aws"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Reads the environment."""
        read = Reader(environment)
        return cls(
            endpoint=read.text("BEDROCK_NOVA_ENDPOINT", ""),
            aws_endpoint=read.text("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", read.text("AWS_ENDPOINT_URL", "")),
            emulator_scenario=read.text("EMULATOR_SCENARIO", "small_talk"),
            emulator_pace=read.number("EMULATOR_PACE", 4.0),
            options=options(read),
            sessions=read.whole("MAX_SESSIONS", 100),
            sessions_per_owner=read.whole("MAX_SESSIONS_PER_OWNER", 0) or None,
            idle=read.number("SESSION_TIMEOUT", 120.0),
            drain=read.number("DRAIN_SECONDS", 30.0),
            store=store(read.text("SESSION_STORE", "memory")),
            lease=read.number("SESSION_LEASE", 15.0),
            instance_url=read.text("INSTANCE_URL", ""),
            tokens=tokens(read.list("AUTH_TOKENS")),
            ticket_secret=read.text("TICKET_SECRET", "") or None,
            ticket_life=read.number("TICKET_SECONDS", 60.0),
            rate=read.number("RATE_LIMIT", 0.0),
            largest_body=read.whole("MAX_BODY_BYTES", 4 << 20),
            cors_origins=tuple(read.list("CORS_ORIGINS")),
            log_level=read.one_of("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        )


class Reader:
    """Reads variables one by one; an empty one counts as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def whole(self, name: str, default: int) -> int:
        return self._parsed(name, default, int, "a whole number")

    def number(self, name: str, default: float) -> float:
        return self._parsed(name, default, float, "a number")

    def list(self, name: str) -> list[str]:
        return [part for part in (part.strip() for part in self.text(name, "").split(",")) if part]

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, allowed[0])
        if value not in allowed:
            raise ConfigError(f"{name} must be {' or '.join(allowed)}, not {value!r}.")
        return value

    def _parsed(self, name: str, default: T, parse: Callable[[str], T], what: str) -> T:
        text = self.text(name, "")
        try:
            return parse(text) if text else default
        except ValueError:
            raise ConfigError(f"{name} must be {what}, not {text!r}.") from None


def options(read: Reader) -> Options:
    """What calls are opened with where a client says nothing; what is not set is the library's own."""
    wanted = {
        "system": read.text("SYSTEM_PROMPT", PROMPT),
        "model": read.text("BEDROCK_MODEL_ID", ""),
        "voice": read.text("VOICE_ID", ""),
        "regions": read.list("AWS_REGIONS"),
        "temperature": read.number("TEMPERATURE", -1),
        "top_p": read.number("TOP_P", -1),
        "max_tokens": read.whole("MAX_TOKENS", -1),
        "endpointing": read.text("TURN_DETECTION", "").lower(),
        "input_rate": read.whole("INPUT_SAMPLE_RATE", 16000),
        "output_rate": read.whole("OUTPUT_SAMPLE_RATE", 24000),
        "audio_end": read.one_of("AUDIO_END", ("silence", "close")),
    }
    return cast(Options, {name: value for name, value in wanted.items() if value not in ("", -1, [])})


def store(value: str) -> str | None:
    """`memory` keeps calls nowhere: they end with the process."""
    return None if value == "memory" else value


def tokens(pairs: list[str]) -> dict[str, str]:
    """`token=owner` pairs."""
    if any("=" not in pair for pair in pairs):
        raise ConfigError("AUTH_TOKENS must be pairs: token=owner,token=owner.")
    return dict(cast(tuple[str, str], tuple(pair.rsplit("=", 1))) for pair in pairs)
