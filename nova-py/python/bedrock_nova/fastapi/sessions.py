"""Opening, looking at, and ending calls."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Path

from .. import Message, OfferedTool, Options, PooledConversation, Snapshot
from ..errors import NovaError
from ..events import UsageUpdate
from . import bodies
from .desk import Desk
from .responses import refusals

#: What a client says, and under which name a call knows it.
NAMES = {
    "system_prompt": "system",
    "voice": "voice",
    "model": "model",
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "turn_detection": "endpointing",
    "input_sample_rate": "input_rate",
    "output_sample_rate": "output_rate",
    "tool_choice": "tool_choice",
    "greeting": "greeting",
}

SessionId = Annotated[str, Path(max_length=200, description="As `POST /session/start` gave it.")]


def sessions(api: APIRouter, desk: Desk) -> None:
    """Adds the routes."""
    owner_of = Depends(desk.access.caller)

    @api.post(
        "/session/start", tags=["sessions"], summary="Open a call", responses=refusals(400, 401, 413, 429, 502, 503)
    )
    async def start(body: bodies.StartSession | None = None, owner: str = owner_of) -> bodies.Session:
        """Opens a call with the model; returns when the service has accepted it."""
        body = body or bodies.StartSession.model_validate({})
        options = chosen(body, desk.defaults)
        if body.snapshot is None:
            call = await desk.pool.open(owner, **options)
        else:
            call = await desk.pool.open_from(owner, Snapshot.from_json(json.dumps(body.snapshot).encode()))
        times = desk.register.touch(call)
        return bodies.Session(session_id=call.id, status="active", created_at=times.created_at)

    @api.get(
        "/session/{session_id}",
        tags=["sessions"],
        summary="Look at a call",
        responses=refusals(401, 404, 409, 429, 503),
    )
    async def look(session_id: SessionId, owner: str = owner_of) -> bodies.SessionState:
        """What has been said, what it has cost, and when somebody was last there."""
        call = await desk.pool.resume(session_id, owner)
        times = desk.register.of(call)
        lines = transcript(await call.snapshot())
        return bodies.SessionState(
            session_id=call.id,
            status="ended" if call.ended else "active",
            created_at=times.created_at,
            last_activity=times.last_activity,
            turns=len({line.turn for line in lines if line.turn is not None}),
            usage=await usage(call),
            transcript=lines,
        )

    @api.get(
        "/session/{session_id}/snapshot",
        tags=["sessions"],
        summary="Write a call down",
        responses=refusals(401, 404, 409, 429, 503),
    )
    async def snapshot(session_id: SessionId, owner: str = owner_of) -> dict[str, Any]:
        """Everything that another call needs to go on from here: `snapshot` of `POST /session/start`."""
        call = await desk.find(session_id, owner)
        return cast(dict[str, Any], json.loads((await call.snapshot()).to_json()))

    @api.delete(
        "/session/{session_id}", tags=["sessions"], summary="End a call", responses=refusals(401, 404, 409, 429, 503)
    )
    async def end(session_id: SessionId, owner: str = owner_of) -> bodies.SessionEnd:
        """Ends in order: an answer that is owed is still delivered, within a deadline. Then there is no such call."""
        call = await desk.find(session_id, owner)
        times = desk.register.of(call)
        used = await usage(call)
        try:
            await call.close(desk.close)
        except NovaError:
            # Not in order, but over all the same; the reason says how.
            pass
        closed = await call.closed()
        return bodies.SessionEnd(
            session_id=call.id,
            status="ended",
            created_at=times.created_at,
            reason=closed.reason,
            usage=await last_usage(call, used),
        )


def chosen(body: bodies.StartSession, defaults: Options) -> Options:
    """The options of a call: what the client says, and for the rest what the server says."""
    said = {NAMES[name]: value for name, value in body.model_dump(exclude_none=True, include=set(NAMES)).items()}
    if body.tools is not None:
        said["tools"] = [OfferedTool(tool.name, tool.description, tool.input_schema) for tool in body.tools]
    if body.history is not None:
        said["history"] = [Message(_role(line.role), line.text) for line in body.history]
    return cast(Options, {**defaults, **said})


def _role(spoken: Literal["USER", "ASSISTANT"]) -> Literal["user", "assistant"]:
    return "user" if spoken == "USER" else "assistant"


def transcript(snapshot: Snapshot) -> list[bodies.Line]:
    """The lines of a call, oldest first."""
    lines: Sequence[dict[str, Any]] = json.loads(snapshot.to_json())["lines"]
    return [bodies.Line(turn=line.get("turn"), role=line["role"].upper(), text=line["text"]) for line in lines]


async def usage(call: PooledConversation) -> bodies.Usage:
    """What a call has used so far."""
    used = await call.usage()
    return _usage(used.tokens, used.cost, used.time)


async def last_usage(call: PooledConversation, before: bodies.Usage) -> bodies.Usage:
    """What a call that is over has used in all: its last word on it, or else what it had used before it was ended."""
    async for event in call.events():
        if isinstance(event, UsageUpdate):
            before = _usage(event.total, event.cost, event.at)
    return before


def _usage(tokens: Any, cost: Decimal | None, seconds: float) -> bodies.Usage:
    counts = bodies.Tokens.model_validate(tokens, from_attributes=True)
    return bodies.Usage(tokens=counts, cost_usd=None if cost is None else f"{cost:f}", seconds=seconds)
