"""Iterators over a call: each a place in its log, with a pace of its own."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast

from . import _native
from ._hub import Hub
from .events import AssistantAudio, decode

__all__ = ["Events"]

T_co = TypeVar("T_co", covariant=True)


class _Iterator(Generic[T_co]):
    def __init__(self, hub: Hub, native: _native.Reader) -> None:
        self._hub = hub
        self._native = native
        self._token = native.token

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T_co:
        self._hub.check()
        while (item := self._native.next()) is None:
            await self._hub.wait(self._token)
        if item is False:
            raise StopAsyncIteration
        return self._made(item)

    def _made(self, item: Any) -> T_co:
        return cast(T_co, item)

    def close(self) -> None:
        """Stop reading; the call goes on. Whoever waits for the next one sees the end."""
        self._native.close()

    async def aclose(self) -> None:
        """Stop reading, as `contextlib.aclosing` wants it."""
        self.close()


class Events(_Iterator[T_co]):
    """The events of a call, every one once and in order, up to `Closed`.

    Leaving the loop closes nothing: iterate again to go on where it was. A cancelled wait loses nothing. However slowly
    it is read, neither the call nor another reader waits; what is not kept any more is told by a `Gap`.
    """

    @property
    def position(self) -> int:
        """The number of the last event that was taken: `talk.events(after=position)` goes on there."""
        return self._native.position or 0

    def _made(self, item: Any) -> T_co:
        made = AssistantAudio(*item) if type(item) is tuple else decode(item)
        return cast(T_co, made)


class Messages(_Iterator[str | bytes]):
    """What a WebSocket sends: the JSON of every event, and sound as binary frames if the client has agreed on them."""


class ServerSentEvents(_Iterator[bytes]):
    """The body of a `text/event-stream` answer, heartbeat included."""
