"""A call with Nova Sonic."""

from __future__ import annotations

import json
import logging
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _native, options as _options
from ._hub import Hub
from .errors import Misuse, error_from_json
from .events import AssistantAudio, Closed, Event, Interrupted, Tokens, Transcript, money, tokens, unsent
from .options import Message, Options
from .reader import Events, Messages, ServerSentEvents
from .service import Bedrock
from .tools import Toolbox, handled, tools_of

if TYPE_CHECKING:
    from typing import Unpack

    # Of Python 3.12 on, and known to every checker: `bytes`, `memoryview`, `array`, a NumPy array.
    from typing_extensions import Buffer

__all__ = ["Conversation", "Snapshot", "Stats", "Usage"]

_log = logging.getLogger("bedrock_nova")

_CLOSE = 10.0
"""Seconds that the orderly end of a call may take, as in the Rust library's pool."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call has used: tokens, their cost in US dollars (None where a price is unknown), seconds open."""

    tokens: Tokens
    cost: Decimal | None
    time: float


@dataclass(frozen=True, slots=True)
class Stats:
    """What waits in a call and what was given up, for whoever asks why it lags. Times are seconds."""

    sessions: int
    attempts: int
    """At another session, since the last one that lasted."""
    blocked: float
    """How long the way up has taken nothing that it was given."""
    audio_waiting: float
    audio_bound: float
    audio_dropped: float
    audio_pieces_waiting: int
    """Pieces of 100 ms at most that the call has not taken yet."""
    audio_pieces_bound: int
    texts_waiting: int
    texts_bound: int
    tools: int
    tools_bound: int
    turns: int
    log: dict[str, Any]
    """What the log of events holds, as the library spells it."""


class Snapshot:
    """A call as it was at one moment, for `Conversation.resume`, in whatever process and language. It holds what was said."""

    def __init__(self, text: bytes) -> None:
        self._json = bytes(text)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a snapshot; what is wrong with it is told when it is resumed."""
        return cls(text.encode() if isinstance(text, str) else text)

    def to_json(self) -> bytes:
        """Write it down."""
        return self._json

    @property
    def history(self) -> list[Message]:
        """What was said, oldest first."""
        return [Message(**line) for line in json.loads(_native.history(self._json))]

    def __repr__(self) -> str:
        return f"Snapshot({len(self._json)} bytes)"


class Conversation:
    """A call: send audio or text, and read events until there are no more.

    >>> async with Conversation(system="Answer shortly.", voice="tiffany") as talk:
    ...     await talk.send_text("What can you do?")
    ...     async for event in talk:
    ...         match event:
    ...             case AssistantAudio(pcm=pcm):
    ...                 speaker.write(pcm)
    ...             case Interrupted():
    ...                 speaker.flush()
    ...             case TurnEnded():
    ...                 talk.finish()

    Leaving the block ends the call in order; leaving it by an exception drops it at once. Leaving the loop closes nothing.
    The options are those of `Options`; all have a default. A call belongs to the event loop that opened it.
    """

    def __init__(self, *, service: Bedrock | None = None, **options: Unpack[Options]) -> None:
        _options.check_names(options)
        self._service = Bedrock() if service is None else service
        self._tools = tools_of(options.get("tools", ()))
        self._begin: Callable[[Hub, Toolbox], _native.Op] = self._anew(options)
        self._hub: Hub | None = None
        self._native: _native.Call | None = None
        self._events: Events[Event] | None = None
        self._ended = False

    @classmethod
    async def connect(cls, *, service: Bedrock | None = None, **options: Unpack[Options]) -> Conversation:
        """Open a call without a block; `close` it."""
        return await Conversation(service=service, **options).open()

    @classmethod
    def resume(
        cls,
        snapshot: Snapshot,
        *,
        service: Bedrock | None = None,
        tools: Sequence[Any] = (),
    ) -> Conversation:
        """Describe how a call goes on that another process had. What a snapshot does not hold is given again: tools."""
        talk = Conversation(service=service, tools=tools)
        talk._begin = talk._again(snapshot)
        return talk

    def _anew(self, options: Options) -> Callable[[Hub, Toolbox], _native.Op]:
        text, record = _options.encode(options, self._tools), _options.record_of(options)

        def begin(hub: Hub, toolbox: Toolbox) -> _native.Op:
            return _native.connect(hub.bell, self._service._native, text, toolbox.inbox, **record)

        return begin

    def _again(self, snapshot: Snapshot) -> Callable[[Hub, Toolbox], _native.Op]:
        def begin(hub: Hub, toolbox: Toolbox) -> _native.Op:
            return _native.resume(hub.bell, self._service._native, snapshot.to_json(), toolbox.offers, toolbox.inbox)

        return begin

    async def open(self) -> Self:
        """Open the call; done when the service has accepted it."""
        if self._native is not None:
            raise Misuse("This call was opened already.", code="opened", hint="Make another Conversation.")
        hub = Hub.here()
        toolbox = Toolbox(hub, handled(self._tools))
        try:
            native = await hub.run(self._begin(hub, toolbox))
        except BaseException:
            hub.forget(toolbox.inbox.token)
            raise
        self._adopt(hub, native)
        weakref.finalize(self, hub.forget, toolbox.inbox.token).atexit = False
        return self

    def _adopt(self, hub: Hub, native: _native.Call) -> None:
        self._hub, self._native = hub, native

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is not None or self._ended:
            self.drop()
            return
        try:
            await self.close()
        except Exception as failure:
            _log.warning("the call did not end in order: %s", failure)

    # Speaking

    async def send_audio(self, pcm: Buffer) -> None:
        """Send audio of any length: the user's, 16-bit little-endian PCM, mono, at the call's input rate, in any buffer.

        It waits as long as the call has enough to say: a whole file goes out in real time, and nothing of it is lost.
        """
        hub, native = self._here()
        op = native.send_audio(hub.bell, _samples(pcm))
        if op is not None:
            await hub.run(op)

    def try_send_audio(self, pcm: Buffer) -> None:
        """Send live audio without waiting: all of it, or nothing and `LimitReached`."""
        self._open()[1].try_send_audio(_samples(pcm))

    async def end_audio(self) -> None:
        """Say that the microphone is off: the service is told so, and the next audio opens a new block."""
        hub, native = self._here()
        await hub.run(native.end_audio(hub.bell))

    async def send_text(self, text: str) -> None:
        """Send typed text, which the model answers aloud."""
        hub, native = self._here()
        await hub.run(native.send_text(hub.bell, text))

    async def greet(self, instruction: str) -> None:
        """Make the assistant speak without being spoken to, by an instruction that nobody sees."""
        hub, native = self._here()
        await hub.run(native.greet(hub.bell, instruction))

    async def answer_tool(self, id: str, result: Any = None, *, error: str | None = None) -> None:
        """Answer a tool that no function runs, with whatever JSON knows or a sentence that says why not."""
        hub, native = self._here()
        await hub.run(native.answer_tool(hub.bell, id, json.dumps(result), error=error))

    async def command(self, said: str | bytes) -> None:
        """Do what a client says: JSON of a command, or a binary frame of the user's voice as `bytes`."""
        hub, native = self._here()
        op = native.command(hub.bell, said.encode()) if isinstance(said, str) else native.frame(hub.bell, said)
        await hub.run(op)

    def interrupt(self) -> None:
        """Stop the answer that is being given."""
        self._open()[1].interrupt()

    def played(self, turn: int, position: float) -> None:
        """Say how much of an answer has come out of the loudspeaker, in seconds from its beginning.

        Without it, what an iterator takes counts as played in real time from then on.
        """
        self._open()[1].played(turn, position)

    def finish(self) -> None:
        """Say that there will be no more input; what is owed is still delivered, then the events end."""
        self._open()[1].finish()

    # Listening

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        events = self._events
        if events is None:
            events = self._events = self.events(player=True)
        event = await events.__anext__()
        if type(event) is Closed:
            self._ended = True
        return event

    def events(self, *, after: int | None = None, player: bool = False) -> Events[Event]:
        """Read all events once more, from the oldest that is kept or behind a number.

        A call has one player: what that reader takes is what the user hears. The call's own iterator is one.
        """
        hub, native = self._open()
        return Events(hub, native.reader(hub.bell, "player" if player else "events", after))

    def audio(self, *, after: int | None = None) -> Events[AssistantAudio | Interrupted | Closed]:
        """Read the sound alone, and what ends it. Say `played`, unless something else iterates over the call."""
        hub, native = self._open()
        return Events(hub, native.reader(hub.bell, "audio", after))

    def transcripts(self, *, after: int | None = None) -> Events[Transcript]:
        """Read the lines of the transcript alone."""
        hub, native = self._open()
        return Events(hub, native.reader(hub.bell, "transcripts", after))

    def messages(self, *, after: int | None = None, player: bool = True, binary: bool = False) -> Messages:
        """Read all events as a WebSocket sends them: JSON texts, and with `binary` sound as frames."""
        hub, native = self._open()
        view = ("player-" if player else "") + ("frames" if binary else "json")
        return Messages(hub, native.reader(hub.bell, view, after))

    def sse(self, *, last_event_id: str | None = None, player: bool = True) -> ServerSentEvents:
        """Read all events as the body of a `text/event-stream` answer, behind the `Last-Event-ID` of a client."""
        hub, native = self._open()
        return ServerSentEvents(hub, native.sse(hub.bell, "player-sse" if player else "sse", last_event_id))

    # The call as a whole

    async def snapshot(self) -> Snapshot:
        """Return the call as it is now."""
        hub, native = self._here()
        return Snapshot(await hub.run(native.snapshot(hub.bell)))

    async def park(self) -> Snapshot:
        """Give the call up in this process, at once, and return it as it was: another one goes on with it."""
        hub, native = self._here()
        return Snapshot(await hub.run(native.park(hub.bell)))

    async def usage(self) -> Usage:
        """Return what the call has used so far."""
        hub, native = self._here()
        return _usage(await hub.run(native.usage(hub.bell)))

    async def stats(self) -> Stats:
        """Return what waits in the call, and what was given up."""
        hub, native = self._here()
        return _stats(json.loads(await hub.run(native.stats(hub.bell))))

    @property
    def latest_usage(self) -> Usage | None:
        """What had been used at the last `UsageUpdate`; also of a call that is over."""
        text = self._open()[1].latest_usage()
        return None if text is None else _usage(text)

    @property
    def elapsed(self) -> float:
        """Seconds since the call began: the clock of `event.at`."""
        return self._open()[1].elapsed

    @property
    def input_rate(self) -> int:
        """Samples a second of the audio that goes in."""
        return self._open()[1].input_rate

    @property
    def ended(self) -> bool:
        """Whether this object has seen the end of the call."""
        return self._ended

    async def closed(self) -> Closed:
        """Wait for the end of the call, however it comes, and return it with the audio that was never sent."""
        hub, native = self._here()
        text, pcm = await hub.run(native.closed(hub.bell))
        fields = json.loads(text)
        error = None if fields["error"] is None else error_from_json(fields["error"])
        self._ended = True
        return Closed(0, native.elapsed, fields["reason"], error, unsent(fields["unsent"], pcm))

    async def close(self, timeout: float = _CLOSE) -> None:
        """End the call in order and wait for the end; one that has not ended in time is dropped, with `NovaTimeout`."""
        hub, native = self._here()
        await hub.run(native.close(hub.bell, timeout))
        self._ended = True

    def drop(self) -> None:
        """Hang up at once. Further use raises `Misuse`."""
        if self._events is not None:
            self._events.close()
        self._events = self._native = None
        self._ended = True

    def _open(self) -> tuple[Hub, _native.Call]:
        hub, native = self._hub, self._native
        if native is None or hub is None:
            raise Misuse(
                "This call was dropped." if self._ended else "This call is not open yet.",
                code="not-open",
                hint="Use it inside `async with`, or open it first.",
            )
        return hub, native

    def _here(self) -> tuple[Hub, _native.Call]:
        hub, native = self._open()
        hub.check()
        return hub, native

    def __repr__(self) -> str:
        state = "ended" if self._ended else "new" if self._native is None else "open"
        return f"<{type(self).__name__} {state}>"


def _samples(pcm: Buffer) -> Any:
    if isinstance(pcm, (bytes, bytearray)):
        return pcm
    view = memoryview(pcm)
    return view if view.format == "B" and view.contiguous else view.tobytes()


def _stats(fields: dict[str, Any]) -> Stats:
    call = fields["call"]
    return Stats(
        sessions=call["sessions"],
        attempts=call["attempts"],
        blocked=call["blockedMs"] / 1000,
        audio_waiting=call["audioWaitingMs"] / 1000,
        audio_bound=call["audioBoundMs"] / 1000,
        audio_dropped=call["audioDroppedMs"] / 1000,
        audio_pieces_waiting=fields["audioPiecesWaiting"],
        audio_pieces_bound=fields["audioPiecesBound"],
        texts_waiting=call["textsWaiting"],
        texts_bound=call["textsBound"],
        tools=call["tools"],
        tools_bound=call["toolsBound"],
        turns=call["turns"],
        log=fields["log"],
    )


def _usage(text: bytes) -> Usage:
    fields = json.loads(text)
    return Usage(tokens(fields["tokens"]), money(fields["cost"]), fields["timeMs"] / 1000)
