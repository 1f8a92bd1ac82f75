"""What goes in and out as JSON.

A field that is not known is refused: a misspelt one would be believed to have an effect.
"""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator


def _samples(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("it must be a string")
    try:
        pcm = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("it is no base64 with its padding") from None
    if not pcm or len(pcm) % 2:
        raise ValueError("samples have two bytes, and this is not a whole number of them, one or more")
    return pcm


#: 16-bit little-endian PCM, in JSON as base64.
Samples = Annotated[
    bytes,
    PlainValidator(_samples),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "description": "16-bit little-endian samples, mono.",
            "examples": ["AAAAAAAAAAA="],
        }
    ),
]
SampleRate = Literal[8000, 16000, 24000]
SessionId = Annotated[
    str, Field(max_length=200, description="As `POST /session/start` gave it.", examples=["6f1c0a9e…-a8f508162e4b5821"])
]


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolOffer(Body):
    """A tool that the client runs: the model asks by `tool_use`, the client answers with `POST /tool/result`."""

    name: str = Field(min_length=1, max_length=64, examples=["get_weather"])
    description: str = Field(examples=["Tells the temperature in a city."])
    input_schema: dict[str, Any] = Field(
        description="JSON Schema of the arguments: an object.",
        examples=[{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}],
    )


class SaidBefore(Body):
    """A line of a talk that the model is to remember."""

    role: Literal["USER", "ASSISTANT"]
    text: str


class StartSession(Body):
    """Everything has a default, set by the server."""

    system_prompt: str | None = Field(
        None, min_length=1, max_length=40_000, examples=["You are friendly. Answer in two sentences."]
    )
    voice: str | None = Field(
        None, min_length=1, max_length=100, description="`tiffany`, `matthew`, …", examples=["tiffany"]
    )
    model: str | None = Field(None, min_length=1, max_length=200, examples=["amazon.nova-2-5-sonic"])
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1, le=1_000_000)
    turn_detection: Literal["high", "medium", "low"] | None = Field(
        None, description="How eagerly the model takes a pause for the end of the user's turn."
    )
    input_sample_rate: SampleRate | None = Field(None, description="Of the audio that the client sends; 16000.")
    output_sample_rate: SampleRate | None = Field(None, description="Of the audio that comes back; 24000.")
    tools: list[ToolOffer] | None = Field(None, max_length=100)
    tool_choice: str | None = Field(
        None, min_length=1, max_length=64, description="`auto`, `any`, or the name of a tool."
    )
    history: list[SaidBefore] | None = Field(None, max_length=10_000, description="What was said before, oldest first.")
    greeting: str | None = Field(
        None, max_length=10_000, description="Makes the assistant speak first: an instruction."
    )
    snapshot: dict[str, Any] | None = Field(
        None, description="Goes on with a call that was written down, see `GET /session/{session_id}/snapshot`."
    )

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"system_prompt": "You are friendly.", "voice": "tiffany"}]},
    )

    @model_validator(mode="after")
    def _snapshot_or_settings(self) -> "StartSession":
        if self.snapshot is not None and len(self.model_fields_set) > 1:
            raise ValueError("a snapshot brings its own settings along: send nothing beside it")
        return self


class Session(BaseModel):
    """A call that has begun."""

    session_id: str = Field(examples=["6f1c0a9ed3b14b7c8f2a5d9e0c7b6a41-a8f508162e4b5821"])
    status: Literal["active", "ended"]
    created_at: datetime


class Tokens(BaseModel):
    """Tokens by direction and kind."""

    speech_in: int
    text_in: int
    speech_out: int
    text_out: int


class Usage(BaseModel):
    """What a call has used so far."""

    tokens: Tokens
    cost_usd: str | None = Field(
        description="At list prices, exact; null where a price is unknown.", examples=["0.0123"]
    )
    seconds: float = Field(description="How long the call has been open.")


class Line(BaseModel):
    """A line of what was said; of an answer, what was heard of it."""

    turn: int | None = Field(description="Null for what was said before the call.")
    role: str = Field(examples=["USER"])
    text: str


class SessionState(Session):
    """A call as it is now."""

    last_activity: datetime = Field(
        description="When a client last sent something or opened a stream, in this process."
    )
    turns: int
    usage: Usage
    transcript: list[Line]


class SessionEnd(Session):
    """A call that has ended."""

    reason: str = Field(description="As in `done`: `finished`, `closeTimedOut`, …", examples=["finished"])
    usage: Usage


class ForSession(Body):
    """Names the call."""

    session_id: SessionId


class AudioChunk(ForSession):
    """A piece of the user's voice."""

    audio_data: Samples
    format: Literal["pcm", "lpcm"] = "pcm"
    sample_rate: SampleRate | None = Field(None, description="That of the call, which is taken if this is left out.")
    channels: Literal[1] = 1


class TypedText(ForSession):
    """Typed text, to be answered aloud."""

    text: str = Field(min_length=1, max_length=40_000, examples=["What can you do for me?"])


class Played(ForSession):
    """How much of an answer has come out of the loudspeaker."""

    turn: int = Field(ge=0, lt=2**63, description="As in `audio_response`.")
    position_ms: float = Field(ge=0, le=1e9, description="From the beginning of the answer.")


class ToolResult(ForSession):
    """What came of a `tool_use`: a result, or a sentence for the model that says why there is none."""

    id: str = Field(max_length=200, description="As in `tool_use`.")
    result: Any = None
    error: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ToolResult":
        if ("result" in self.model_fields_set) == ("error" in self.model_fields_set):
            raise ValueError("one of `result` and `error` is needed")
        return self


class Taken(BaseModel):
    """What was sent was taken."""

    status: Literal["ok"] = "ok"


class AudioTaken(Taken):
    """The audio was taken, all of it."""

    duration_ms: float = Field(description="Its length.", examples=[64.0])


class TicketIssued(BaseModel):
    """A ticket, for `?ticket=`."""

    ticket: str
    expires_in: float = Field(description="Seconds.", examples=[60.0])


class Health(BaseModel):
    """Whether the process takes new calls, and what it talks to."""

    status: Literal["ok", "draining"]
    endpoint: str = Field(description="`aws`, `emulator`, or an address.", examples=["emulator"])
    live: int = Field(description="Calls that are live.")
    opening: int = Field(description="Calls that are being opened.")
    limit: int = Field(description="How many there may be.")


class Failure(BaseModel):
    """What went wrong, whose move it is, and what to do about it."""

    kind: str = Field(description="Whose move it is.", examples=["invalid"])
    code: str = Field(description="Stable, finer than the kind.", examples=["no-such-call"])
    message: str = Field(examples=["There is no such call."])
    retryable: bool = Field(description="Whether trying again can help.")
    request_id: str | None = Field(None, description="The service's, for a support case.")
    hint: str | None = Field(None, description="What a person can do.")


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    error: Failure
