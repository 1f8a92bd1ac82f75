"""The same call for scripts without an event loop: one runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .conversation import Conversation, Snapshot, Stats, Usage
from .errors import Misuse
from .events import Closed, Event
from .options import Options
from .service import Bedrock

if TYPE_CHECKING:
    from typing import Unpack

    from typing_extensions import Buffer

__all__ = ["SyncConversation"]

T = TypeVar("T")


class SyncConversation:
    """A call in a script.

    >>> with SyncConversation(system="Answer shortly.") as talk:
    ...     talk.send_text("What can you do?")
    ...     for event in talk:
    ...         if isinstance(event, TurnEnded):
    ...             talk.finish()

    Its methods are those of `Conversation`, and wait. Several threads may use it. Tools run on the call's own loop.
    """

    def __init__(self, *, service: Bedrock | None = None, **options: Unpack[Options]) -> None:
        self._talk = Conversation(service=service, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def resume(cls, snapshot: Snapshot, *, service: Bedrock | None = None, tools: Sequence[Any] = ()) -> Self:
        """Describe how a call goes on that another process had; see `Conversation.resume`."""
        talk = cls.__new__(cls)
        talk._talk = Conversation.resume(snapshot, service=service, tools=tools)
        talk._loop = talk._thread = None
        return talk

    def __enter__(self) -> Self:
        if self._loop is not None:
            raise Misuse("This call was opened already.", code="opened", hint="Make another SyncConversation.")
        self._loop = asyncio.new_event_loop()
        # Tools see the context variables of whoever opened the call, as in an asyncio program.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._serve,), name="bedrock_nova SyncConversation", daemon=True
        )
        self._thread.start()
        try:
            self._run(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._talk.__aexit__(kind, error, trace))
        finally:
            self._stop()

    def send_audio(self, pcm: Buffer) -> None:
        """Send audio of any length, in real time; see `Conversation.send_audio`."""
        self._run(self._talk.send_audio(pcm))

    def try_send_audio(self, pcm: Buffer) -> None:
        """Send live audio without waiting; see `Conversation.try_send_audio`."""
        self._talk.try_send_audio(pcm)

    def end_audio(self) -> None:
        """Say that the microphone is off; see `Conversation.end_audio`."""
        self._run(self._talk.end_audio())

    def send_text(self, text: str) -> None:
        """Send typed text, which the model answers aloud."""
        self._run(self._talk.send_text(text))

    def greet(self, instruction: str) -> None:
        """Make the assistant speak without being spoken to."""
        self._run(self._talk.greet(instruction))

    def answer_tool(self, id: str, result: Any = None, *, error: str | None = None) -> None:
        """Answer a tool that no function runs."""
        self._run(self._talk.answer_tool(id, result, error=error))

    def interrupt(self) -> None:
        """Stop the answer that is being given."""
        self._talk.interrupt()

    def played(self, turn: int, position: float) -> None:
        """Say how much of an answer has come out of the loudspeaker."""
        self._talk.played(turn, position)

    def finish(self) -> None:
        """Say that there will be no more input."""
        self._talk.finish()

    def snapshot(self) -> Snapshot:
        """Return the call as it is now."""
        return self._run(self._talk.snapshot())

    def usage(self) -> Usage:
        """Return what the call has used so far."""
        return self._run(self._talk.usage())

    def stats(self) -> Stats:
        """Return what waits in the call, and what was given up."""
        return self._run(self._talk.stats())

    def close(self, timeout: float = 10.0) -> None:
        """End the call in order and wait for the end."""
        self._run(self._talk.close(timeout))

    def closed(self) -> Closed:
        """Wait for the end of the call, and return it."""
        return self._run(self._talk.closed())

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._run(self._next())
        if event is None:
            raise StopIteration
        return event

    async def _next(self) -> Event | None:
        # A StopAsyncIteration would not pass through a future as such.
        return await anext(self._talk, None)

    async def _open(self) -> None:
        await self._talk.open()

    def _serve(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _run(self, act: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None or loop.is_closed():
            act.close()
            raise Misuse("This call is not open.", code="not-open", hint="Use it inside `with`.")
        if threading.current_thread() is self._thread:
            act.close()
            raise Misuse(
                "A tool of this call waits for the call itself, which would never end.",
                code="event-loop",
                hint="Tools run on the call's own loop; use Conversation where they need the call.",
            )
        done = asyncio.run_coroutine_threadsafe(act, loop)
        try:
            return done.result()
        except BaseException:
            done.cancel()
            raise

    def _stop(self) -> None:
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
