"""A WebSocket: both directions of a call on one connection.

Down come the call's events as JSON, one a message; up go commands as JSON. Whoever asks for the subprotocol
`bedrock-nova.binary.v1` has audio as binary frames, in both directions. A failure is a message
`{"type": "error", "error": {…}}`; one that ends the connection is followed by the close code 4000 + the HTTP status.
"""

import asyncio
import logging
from contextlib import aclosing, suppress

from fastapi import WebSocket, WebSocketDisconnect

from .. import NovaError, PooledConversation
from .desk import Desk
from .errors import Refusal, body, known

log = logging.getLogger("bedrock_nova.fastapi")

JSON = "bedrock-nova.v1"
BINARY = "bedrock-nova.binary.v1"


async def serve(desk: Desk, socket: WebSocket, session_id: str, *, after: int | None, player: bool) -> None:
    """Serves a connection to its end."""
    offered = [name for name in (BINARY, JSON) if name in socket.scope.get("subprotocols", [])]
    protocol = offered[0] if offered else None
    # Accepted before anything is checked: a browser is told neither status nor body of a refused handshake.
    await socket.accept(protocol)
    try:
        owner = await desk.access.listener(socket)
        async with await desk.find(session_id, owner) as call:
            await talk(desk, socket, call, after=after, player=player, binary=protocol == BINARY)
        await socket.close()
    except WebSocketDisconnect:
        pass
    except Exception as error:
        failure = known(error)
        log.debug("WS /ws/{session_id}: %d %s", failure.status, failure.code)
        await complain(socket, failure)
        await socket.close(4000 + failure.status, failure.code[:100])


async def talk(
    desk: Desk, socket: WebSocket, call: PooledConversation, *, after: int | None, player: bool, binary: bool
) -> None:
    """Talks in both directions until the call is over or the client is gone."""
    directions = {
        asyncio.create_task(tell(socket, call, after=after, player=player, binary=binary)),
        asyncio.create_task(hear(desk, socket, call)),
    }
    try:
        done, _ = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in directions:
            one.cancel()
        await asyncio.gather(*directions, return_exceptions=True)


async def tell(socket: WebSocket, call: PooledConversation, *, after: int | None, player: bool, binary: bool) -> None:
    """Sends what happens; ends behind the last event."""
    async with aclosing(call.messages(after=after, player=player, binary=binary)) as messages:
        async for message in messages:
            if isinstance(message, str):
                await socket.send_text(message)
            else:
                await socket.send_bytes(message)


async def hear(desk: Desk, socket: WebSocket, call: PooledConversation) -> None:
    """Does what the client says; what cannot be done is answered, and the talk goes on."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        desk.register.touch(call)
        try:
            said = message.get("text")
            await call.command(message.get("bytes") or b"" if said is None else said)
        except Exception as error:
            await complain(socket, known(error))


async def complain(socket: WebSocket, failure: NovaError | Refusal) -> None:
    """Says what went wrong, if anybody still listens."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json({"type": "error", **body(failure)})
