"""What happens in a call, in order: one frozen class for each kind of event, made for `match`.

Times are seconds; sound is 16-bit little-endian PCM, mono. `seq` counts a call's events, `at` is the time since the call
began.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from .errors import NovaError, error_from_json

__all__ = [
    "AssistantAudio",
    "BudgetReached",
    "Closed",
    "Connected",
    "Cut",
    "Event",
    "Gap",
    "HistoryTrimmed",
    "InputDropped",
    "Interrupted",
    "Latency",
    "Reconnecting",
    "Renewed",
    "Reviewed",
    "Tokens",
    "ToolCall",
    "ToolDone",
    "Transcript",
    "TurnEnded",
    "Unknown",
    "Unsent",
    "UsageUpdate",
    "UserIdle",
    "UserSpeechEnded",
    "UserSpeechStarted",
]

Role: TypeAlias = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Connected:
    """The service accepted the first session: the call has begun."""

    seq: int
    at: float
    request_id: str | None


@dataclass(frozen=True, slots=True)
class UserSpeechStarted:
    """The service noticed that the user began to speak, at `offset` in the audio that was handed over."""

    seq: int
    at: float
    offset: float


@dataclass(frozen=True, slots=True)
class UserSpeechEnded:
    """The service noticed that the user stopped speaking, at `offset` in the audio that was handed over."""

    seq: int
    at: float
    offset: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an answer was cut: how much was heard, and how far from the truth that may be."""

    heard: float
    error: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """A line of the transcript is new or has changed; it replaces the earlier version of the same `item`.

    An empty text takes the line off the page: it was announced, and never said.
    """

    seq: int
    at: float
    item: int
    turn: int
    role: Role
    text: str = field(repr=False)
    stage: Literal["speculative", "final"]
    cut: Cut | None

    @property
    def final(self) -> bool:
        """Whether it was said, and heard."""
        return self.stage == "final"


@dataclass(frozen=True, slots=True)
class AssistantAudio:
    """A piece of the assistant's voice, `offset` seconds into the answer of its turn."""

    seq: int
    at: float
    turn: int
    pcm: bytes = field(repr=False)
    rate: int
    offset: float

    @property
    def duration(self) -> float:
        """How long it sounds, in seconds."""
        return len(self.pcm) / 2 / self.rate


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The answer was cut: stop playing it. Its sound that was not read yet is gone already."""

    seq: int
    at: float
    turn: int
    heard: float
    error: float


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for is to run now. Functions run by themselves; answer others with `answer_tool`."""

    seq: int
    at: float
    turn: int
    id: str
    name: str
    arguments: dict[str, Any] = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class ToolDone:
    """A call of a tool is over, and the model was told; `outcome` says how: `answered`, `failed`, `timedOut`, …"""

    seq: int
    at: float
    id: str
    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Latency:
    """What the user waited for, from the end of speech: the first text, sound, and audible sound of the answer."""

    first_text: float | None
    first_audio: float | None
    first_audible: float | None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over; `end` says how: `answered`, `interrupted`, `noAnswer`, `lost`, `closed`, `filtered`."""

    seq: int
    at: float
    turn: int
    end: str
    latency: Latency


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens, by kind and direction."""

    speech_in: int
    text_in: int
    speech_out: int
    text_out: int


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """What the call has used so far, and since the event before; the cost in US dollars is None where a price is unknown."""

    seq: int
    at: float
    total: Tokens
    delta: Tokens
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """A bound of a budget was reached; a hard one ends the call after its farewell."""

    seq: int
    at: float
    scope: Literal["call", "owner"]
    measure: Literal["tokens", "cost", "time"]
    level: Literal["soft", "hard"]


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The session was lost for a passing reason; another one is opened, and what the user says meanwhile is kept."""

    seq: int
    at: float
    reason: NovaError
    attempt: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """The call goes on in another session; nothing is asked of the application."""

    seq: int
    at: float
    session: int
    request_id: str | None
    reason: str
    replayed: float
    lost: float


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A sentence of an answer was not simply passed by whoever reviews the answers."""

    seq: int
    at: float
    turn: int
    outcome: str


@dataclass(frozen=True, slots=True)
class UserIdle:
    """Nobody has said anything for so long."""

    seq: int
    at: float
    silent: float


@dataclass(frozen=True, slots=True)
class HistoryTrimmed:
    """The oldest lines of the history were left out of the new session."""

    seq: int
    at: float
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class InputDropped:
    """Input audio was given up: `stale`, `halfDuplex`, `closed`."""

    seq: int
    at: float
    duration: float
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """This reader was too slow or came too late: so many events, with so much sound, are not kept any more."""

    seq: int
    at: float
    events: int
    audio: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """The service sent an event that this version does not know; nothing was lost."""

    seq: int
    at: float
    name: str
    body: Any = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Unsent:
    """What was handed over and never sent. `pcm` is filled by `Conversation.closed` alone."""

    texts: tuple[str, ...] = field(default=(), repr=False)
    duration: float = 0.0
    pcm: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event: the call is over. `reason` is `finished`, `idle`, `budget`, `failed`, …; a failure has its `error`."""

    seq: int
    at: float
    reason: str
    error: NovaError | None
    unsent: Unsent


Event: TypeAlias = (
    Connected
    | UserSpeechStarted
    | UserSpeechEnded
    | Transcript
    | AssistantAudio
    | Interrupted
    | ToolCall
    | ToolDone
    | TurnEnded
    | UsageUpdate
    | BudgetReached
    | Reconnecting
    | Renewed
    | Reviewed
    | UserIdle
    | HistoryTrimmed
    | InputDropped
    | Gap
    | Unknown
    | Closed
)

_Fields: TypeAlias = dict[str, Any]


def tokens(fields: _Fields) -> Tokens:
    """Read tokens."""
    return Tokens(fields["speechIn"], fields["textIn"], fields["speechOut"], fields["textOut"])


def money(text: str | None) -> Decimal | None:
    """Read an amount of US dollars."""
    return None if text is None else Decimal(text)


def _seconds(millis: float | None) -> float:
    return 0.0 if millis is None else millis / 1000


def _perhaps(millis: float | None) -> float | None:
    return None if millis is None else millis / 1000


def _cut(fields: _Fields | None) -> Cut | None:
    return None if fields is None else Cut(_seconds(fields["heardMs"]), _seconds(fields.get("errorMs")))


def _latency(fields: _Fields) -> Latency:
    return Latency(
        _perhaps(fields.get("firstTextMs")),
        _perhaps(fields.get("firstAudioMs")),
        _perhaps(fields.get("firstAudibleMs")),
    )


def _error(fields: _Fields | None) -> NovaError | None:
    return None if fields is None else error_from_json(fields)


def unsent(fields: _Fields, pcm: bytes = b"") -> Unsent:
    """Read what was never sent."""
    return Unsent(tuple(fields.get("texts", ())), _seconds(fields.get("audioMs")), pcm)


_MADE: dict[str, Callable[[int, float, _Fields], Event]] = {
    "connected": lambda seq, at, f: Connected(seq, at, f.get("requestId")),
    "userSpeechStarted": lambda seq, at, f: UserSpeechStarted(seq, at, _seconds(f["offsetMs"])),
    "userSpeechEnded": lambda seq, at, f: UserSpeechEnded(seq, at, _seconds(f["offsetMs"])),
    "transcript": lambda seq, at, f: Transcript(
        seq, at, f["item"], f["turn"], f["role"], f["text"], f["stage"], _cut(f.get("cut"))
    ),
    "interrupted": lambda seq, at, f: Interrupted(
        seq, at, f["turn"], _seconds(f["heardMs"]), _seconds(f.get("errorMs"))
    ),
    "toolCall": lambda seq, at, f: ToolCall(seq, at, f["turn"], f["id"], f["name"], f["arguments"]),
    "toolDone": lambda seq, at, f: ToolDone(seq, at, f["id"], f["name"], f["outcome"]),
    "turnEnded": lambda seq, at, f: TurnEnded(seq, at, f["turn"], f["end"], _latency(f["latency"])),
    "usage": lambda seq, at, f: UsageUpdate(seq, at, tokens(f["total"]), tokens(f["delta"]), money(f.get("cost"))),
    "budget": lambda seq, at, f: BudgetReached(seq, at, f["scope"], f["measure"], f["level"]),
    "reconnecting": lambda seq, at, f: Reconnecting(seq, at, error_from_json(f["reason"]), f["attempt"]),
    "renewed": lambda seq, at, f: Renewed(
        seq,
        at,
        f["session"],
        f.get("requestId"),
        f["reason"],
        _seconds(f["replayedMs"]),
        _seconds(f["lostMs"]),
    ),
    "reviewed": lambda seq, at, f: Reviewed(seq, at, f["turn"], f["outcome"]),
    "userIdle": lambda seq, at, f: UserIdle(seq, at, _seconds(f["silentMs"])),
    "historyTrimmed": lambda seq, at, f: HistoryTrimmed(seq, at, f["lines"], f["bytes"]),
    "inputDropped": lambda seq, at, f: InputDropped(seq, at, _seconds(f["durationMs"]), f["why"]),
    "gap": lambda seq, at, f: Gap(seq, at, f["events"], _seconds(f["audioMs"])),
    "unknown": lambda seq, at, f: Unknown(seq, at, f["name"], f["body"]),
    "closed": lambda seq, at, f: Closed(seq, at, f["reason"], _error(f.get("error")), unsent(f["unsent"])),
}


def decode(text: bytes) -> Event:
    """Read an event that is no sound from the JSON that every language has."""
    fields = json.loads(text)
    seq, at, kind = fields["seq"], _seconds(fields["atMs"]), fields["type"]
    make = _MADE.get(kind)
    return Unknown(seq, at, kind, fields) if make is None else make(seq, at, fields)
