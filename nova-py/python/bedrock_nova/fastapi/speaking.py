"""What a client says: its voice, typed text, results of tools, barge-in, and how far its loudspeaker is."""

from fastapi import APIRouter

from . import bodies
from .desk import Desk
from .errors import Refusal
from .responses import refusals

SAID = refusals(400, 401, 404, 409, 413, 429, 503)


def speaking(api: APIRouter, desk: Desk) -> None:
    """Adds the routes."""
    owner_of = desk.access.depends(desk.access.caller)

    @api.post("/audio/chunk", tags=["speaking"], summary="Send a piece of the user's voice", responses=SAID)
    async def send_audio(body: bodies.AudioChunk, owner: str = owner_of) -> bodies.AudioTaken:
        """Takes audio in pieces of any length.

        A call is spoken in real time: what is sent faster is not refused but waits, and the answer comes when all of it
        is taken. Requests of one call are taken in the order in which they come.
        """
        async with await desk.find(body.session_id, owner) as call:
            rate = call.input_rate
            if body.sample_rate not in (None, rate):
                raise _other_rate(rate)
            await call.send_audio(body.audio_data)
        return bodies.AudioTaken(duration_ms=len(body.audio_data) / 2 / rate * 1000)

    @api.post("/audio/end", tags=["speaking"], summary="End the utterance", responses=SAID)
    async def end_audio(body: bodies.ForSession, owner: str = owner_of) -> bodies.Taken:
        """Says that the microphone is off for now: silence follows, in which the model finds the end of the turn."""
        async with await desk.find(body.session_id, owner) as call:
            # What that means, the call knows: its option `audio_end` says it.
            await call.command('{"type":"audioEnd"}')
        return bodies.Taken()

    @api.post("/text", tags=["speaking"], summary="Type to the model", responses=SAID)
    async def send_text(body: bodies.TypedText, owner: str = owner_of) -> bodies.Taken:
        """Sends typed text, which the model answers aloud."""
        async with await desk.find(body.session_id, owner) as call:
            await call.send_text(body.text)
        return bodies.Taken()

    @api.post("/tool/result", tags=["speaking"], summary="Answer a tool call", responses=SAID)
    async def send_tool_result(body: bodies.ToolResult, owner: str = owner_of) -> bodies.Taken:
        """Answers a `tool_use` of a tool that the client offered when it opened the call."""
        async with await desk.find(body.session_id, owner) as call:
            await call.answer_tool(body.id, body.result, error=body.error)
        return bodies.Taken()

    @api.post("/interrupt", tags=["speaking"], summary="Stop the answer", responses=SAID)
    async def interrupt_answer(body: bodies.ForSession, owner: str = owner_of) -> bodies.Taken:
        """Stops the answer that is being given, as speaking into it does."""
        async with await desk.find(body.session_id, owner) as call:
            call.interrupt()
        return bodies.Taken()

    @api.post("/played", tags=["speaking"], summary="Say what was heard", responses=SAID)
    async def say_played(body: bodies.Played, owner: str = owner_of) -> bodies.Taken:
        """Says how much of an answer has come out of the loudspeaker; it decides what an interrupted answer was."""
        async with await desk.find(body.session_id, owner) as call:
            call.played(body.turn, body.position_ms / 1000)
        return bodies.Taken()


def _other_rate(rate: int) -> Refusal:
    message = f"`sample_rate`: this call listens to {rate} samples a second."
    hint = "Resample the audio, or open the call with another `input_sample_rate`."
    return Refusal(400, "invalid", "sample-rate", message, hint=hint)
