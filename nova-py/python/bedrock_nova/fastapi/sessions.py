"""Opening, looking at, and ending calls."""

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Path

from .. import Message, OfferedTool, Options, Snapshot, Usage
from ..errors import Misuse, NovaError
from . import bodies
from .desk import Desk
from .errors import Refusal
from .responses import refusals

log = logging.getLogger("bedrock_nova.fastapi")

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
    owner_of = desk.access.depends(desk.access.caller)

    @api.post(
        "/session/start", tags=["sessions"], summary="Open a call", responses=refusals(400, 401, 413, 429, 502, 503)
    )
    async def start_session(body: bodies.StartSession | None = None, owner: str = owner_of) -> bodies.Session:
        """Opens a call with the model; returns when the service has accepted it."""
        body = body or bodies.StartSession.model_validate({})
        try:
            if body.snapshot is None:
                call = await desk.pool.open(owner, **chosen(body, desk.defaults))
            else:
                call = await desk.pool.open_from(owner, Snapshot.from_json(json.dumps(body.snapshot).encode()))
        except Misuse as error:
            if error.status != 409:
                raise
            # A call that is not open yet forbids nothing: it is what the client has sent that does not go together.
            raise Refusal(400, "invalid", error.code, error.message, hint=error.hint) from error
        times = desk.register.touch(call)
        log.info("Call %.8s… began.", call.id)
        return bodies.Session(session_id=call.id, status="active", created_at=times.created_at)

    @api.get(
        "/session/{session_id}",
        tags=["sessions"],
        summary="Look at a call",
        responses=refusals(401, 404, 409, 429, 503),
    )
    async def get_session(session_id: SessionId, owner: str = owner_of) -> bodies.SessionState:
        """What has been said, what it has cost, and when somebody was last there."""
        async with await desk.look(session_id, owner) as call:
            times = desk.register.of(call)
            used = await call.usage()
            lines = transcript(await call.snapshot())
        return bodies.SessionState(
            session_id=call.id,
            status="active",
            created_at=times.created_at,
            last_activity=times.last_activity,
            turns=len({line.turn for line in lines if line.turn is not None}),
            usage=spent(used),
            transcript=lines,
        )

    @api.get(
        "/session/{session_id}/snapshot",
        tags=["sessions"],
        summary="Write a call down",
        responses=refusals(401, 404, 409, 429, 503),
    )
    async def get_snapshot(session_id: SessionId, owner: str = owner_of) -> dict[str, Any]:
        """Everything that another call needs to go on from here: `snapshot` of `POST /session/start`."""
        async with await desk.find(session_id, owner) as call:
            return cast(dict[str, Any], json.loads((await call.snapshot()).to_json()))

    @api.delete(
        "/session/{session_id}", tags=["sessions"], summary="End a call", responses=refusals(401, 404, 409, 429, 503)
    )
    async def end_session(session_id: SessionId, owner: str = owner_of) -> bodies.SessionEnd:
        """Ends in order: an answer that is owed is still delivered, within a deadline. Then there is no such call."""
        async with await desk.find(session_id, owner) as call:
            times = desk.register.of(call)
            used = await call.usage()
            # One that does not end in order has ended all the same; the reason says how.
            with suppress(NovaError):
                await call.close(desk.close)
            closed = await call.closed()
            used = call.latest_usage or used
        log.info("Call %.8s… was ended: %s.", call.id, closed.reason)
        return bodies.SessionEnd(
            session_id=call.id,
            status="ended",
            created_at=times.created_at,
            reason=closed.reason,
            usage=spent(replace(used, time=closed.at)),
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


def spent(used: Usage) -> bodies.Usage:
    """What a call has used, as JSON has it."""
    tokens = bodies.Tokens.model_validate(used.tokens, from_attributes=True)
    cost = None if used.cost is None else f"{used.cost:f}"
    return bodies.Usage(tokens=tokens, cost_usd=cost, seconds=round(used.time, 3))
