"""What a client hears: server-sent events, a WebSocket, and tickets for both."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Header, Query, WebSocket
from fastapi.responses import StreamingResponse
from starlette.types import Send

from .. import PooledConversation
from . import bodies
from .desk import Desk
from .responses import refusals
from .sessions import SessionId
from .socket import serve

#: A proxy that buffers would hold a sentence back until the next one.
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

EXAMPLE = """\
: still here

event: transcript
data: {"seq":4,"at_ms":1830.25,"turn":1,"item":1,"role":"USER","text":"Hello!","stage":"FINAL","final":true}
id: 4

event: audio_response
data: {"seq":7,"at_ms":2210.5,"turn":1,"audio":"AQL//g==","format":"pcm","sample_rate":24000,"channels":1,"offset_ms":0}
id: 7

"""

Player = Annotated[
    bool, Query(description="Whether this client has the loudspeaker: what it is sent counts as being played.")
]


class EventStream(StreamingResponse):
    """Server-sent events, which end when the client is gone: at once, and not when somebody collects the garbage."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Sends them."""
        async with aclosing(cast(AsyncGenerator[bytes, None], self.body_iterator)):
            await super().stream_response(send)


def listening(api: APIRouter, desk: Desk) -> None:
    """Adds the routes over HTTP."""
    owner_of = desk.access.depends(desk.access.caller)
    listener_of = desk.access.depends(desk.access.listener)

    @api.get(
        "/events/stream/{session_id}",
        tags=["listening"],
        summary="Hear what happens",
        response_class=EventStream,
        responses={
            200: {
                "description": "One message after another, `done` is the last.",
                "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
            },
            **refusals(400, 401, 404, 429, 503),
        },
    )
    async def stream_events(
        session_id: SessionId,
        owner: str = listener_of,
        last_event_id: Annotated[str | None, Header(description="The last `id` that the client has.")] = None,
        query_last_event_id: Annotated[
            str | None, Query(alias="last_event_id", description="The same, where no header can be set.")
        ] = None,
        player: Player = True,
        ticket: Annotated[str | None, Query(description="From `POST /ticket`, instead of a token.")] = None,
    ) -> EventStream:
        """Tells `transcript`, `audio_response`, `content_start`, `content_end`, `tool_use`, `interrupted`, `usage`,
        `error`, `done` and more. Without an id it begins at the oldest event that is kept, so that nothing is missed of
        what was said before; with one it goes on behind it.
        """
        call = await desk.find(session_id, owner)
        # A browser that comes back by itself has the old address, and the new number in the header.
        after = last_event_id if last_event_id is not None else query_last_event_id
        return EventStream(told(call, after, player=player), headers=UNBUFFERED)

    @api.post(
        "/ticket", tags=["listening"], summary="Get a ticket for a browser", responses=refusals(400, 401, 404, 429, 503)
    )
    async def issue_ticket(body: bodies.ForSession, owner: str = owner_of) -> bodies.TicketIssued:
        """Makes a short-lived ticket for one call, for `EventSource` and `WebSocket`, which cannot set headers."""
        async with await desk.find(body.session_id, owner) as call:
            issued = desk.access.tickets.issue(owner, call.id)
        return bodies.TicketIssued(ticket=issued.text, expires_in=issued.life)


def talking(api: APIRouter, desk: Desk) -> None:
    """Adds the WebSocket."""

    @api.websocket("/ws/{session_id}")
    async def talk(
        socket: WebSocket, session_id: str, after: int | None = None, player: Literal["true", "false"] = "true"
    ) -> None:
        await serve(desk, socket, session_id, after=after, player=player == "true")


async def told(call: PooledConversation, after: str | None, *, player: bool) -> AsyncGenerator[bytes, None]:
    """The body of a stream. It holds the call, which is not idle while somebody listens."""
    async with call, aclosing(call.sse(last_event_id=after, player=player)) as messages:
        async for message in messages:
            yield message
