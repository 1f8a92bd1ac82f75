"""A WebSocket: both directions of a call on one connection.

Down come the call's events as JSON, one a message; up go commands as JSON. Whoever asks for the subprotocol
`bedrock-nova.binary.v1` has audio as binary frames, in both directions. A failure is a message
`{"type": "error", "error": {…}}`; one that ends the connection is followed by the close code 4000 + the HTTP status.
"""

import asyncio
import json
import struct
from contextlib import aclosing

from fastapi import WebSocket, WebSocketDisconnect

from .. import PooledConversation
from .desk import Desk
from .errors import Refusal, body, known

JSON = "bedrock-nova.v1"
BINARY = "bedrock-nova.binary.v1"

#: Header of a frame with the user's voice: version, kind, zero, sample rate. See `docs/API.md`.
UP = struct.Struct("<BBHI")
VERSION, VOICE = 1, 2


async def serve(desk: Desk, socket: WebSocket, session_id: str, *, after: int | None, player: bool) -> None:
    """Serves a connection to its end."""
    offered = [name for name in (BINARY, JSON) if name in socket.scope.get("subprotocols", [])]
    protocol = offered[0] if offered else None
    # Accepted before anything is checked: a browser is told neither status nor body of a refused handshake.
    await socket.accept(protocol)
    try:
        owner = await desk.access.listener(socket)
        call = await desk.find(session_id, owner)
        await talk(desk, socket, call, after=after, player=player, binary=protocol == BINARY)
        await socket.close()
    except WebSocketDisconnect:
        pass
    except Exception as error:
        failure = known(error)
        await complain(socket, failure)
        await socket.close(4000 + failure.status, str(failure.to_dict()["code"])[:100])


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
            await obey(desk, call, message.get("text"), message.get("bytes"))
        except Exception as error:
            await complain(socket, known(error))


async def obey(desk: Desk, call: PooledConversation, text: str | None, frame: bytes | None) -> None:
    """Does one command."""
    if frame is not None:
        call.try_send_audio(voice(frame, call.input_rate))
        return
    await call.command(text or "")
    if desk.audio_end == "close" and json.loads(text or "")["type"] == "audioEnd":
        await call.end_audio()


def voice(frame: bytes, rate: int) -> memoryview:
    """The samples of a frame, without copying them."""
    if len(frame) < UP.size or len(frame) % 2:
        raise _wrong(f"it has {len(frame)} bytes: a header of {UP.size} and whole samples are needed")
    version, kind, zero, its_rate = UP.unpack_from(frame)
    if (version, kind, zero) != (VERSION, VOICE, 0):
        raise _wrong("it must begin with the bytes 1, 2, 0, 0")
    if its_rate != rate:
        raise _wrong(f"it has {its_rate} samples a second, and the call listens to {rate}")
    return memoryview(frame)[UP.size :]


async def complain(socket: WebSocket, failure: object) -> None:
    """Says what went wrong, if anybody still listens."""
    try:
        await socket.send_json({"type": "error", **body(failure)})  # type: ignore[arg-type]
    except (WebSocketDisconnect, RuntimeError):
        pass


def _wrong(what: str) -> Refusal:
    return Refusal(400, "invalid", "frame", f"This is no frame of audio: {what}.", hint="See docs/API.md.")
