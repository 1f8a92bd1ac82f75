"""One bell for each event loop: the native library rings it, and this wakes whoever waits.

The core's threads never call into Python. They put a token into a list and a byte into a pipe; the loop reads the pipe
like any other socket. What somebody waits for stays where it is until it is taken, so that a cancelled task loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

from . import _native
from .errors import Misuse

_log = logging.getLogger("bedrock_nova")

_LOG = 0
"""The token under which the bell rings for lines of the log."""


class Hub:
    """What one event loop has of the native library."""

    _hubs: ClassVar[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]] = weakref.WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._waiters: dict[int, asyncio.Future[None]] = {}
        self._standing: dict[int, Callable[[], None]] = {_LOG: _drain_log}
        self.bell = _native.Bell()
        try:
            loop.add_reader(self.bell.fileno(), self._ring)
        except NotImplementedError:
            raise Misuse(
                "This event loop cannot watch a pipe.",
                code="event-loop",
                hint="Use asyncio's selector loop or uvloop.",
            ) from None

    @classmethod
    def here(cls) -> Hub:
        """Return the hub of the running loop."""
        _native.check_fork()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise Misuse(
                "There is no running event loop.",
                code="event-loop",
                hint="Await it in a coroutine, or use SyncConversation.",
            ) from None
        hub = cls._hubs.get(loop)
        if hub is None:
            hub = cls._hubs[loop] = cls(loop)
        # Levels may have been set anew since the last call was opened.
        _native.log_level(_log.getEffectiveLevel())
        _native.log_to(hub.bell)
        return hub

    def check(self) -> None:
        """Refuse to be used from another loop than the one that the call was opened in, or from a forked child."""
        _native.check_fork()
        if asyncio.get_running_loop() is not self._loop():
            raise Misuse(
                "This call belongs to another event loop.",
                code="event-loop",
                hint="Open a call in the loop that uses it; from another thread, use asyncio.run_coroutine_threadsafe.",
            )

    async def wait(self, token: int) -> None:
        """Wait until the bell rings for a token."""
        if token in self._waiters:
            raise Misuse(
                "Two tasks read from the same iterator.",
                code="two-readers",
                hint="Give each its own: talk.events(), talk.audio(), talk.transcripts().",
            )
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[token] = waiter
        try:
            await waiter
        finally:
            self._waiters.pop(token, None)

    async def run(self, op: _native.Op) -> Any:
        """Wait for an act to be done and return what it comes to; a cancelled task gives it up."""
        if not op.done():
            try:
                await self.wait(op.token)
            except BaseException:
                op.cancel()
                raise
        return op.take()

    def stand(self, token: int, ring: Callable[[], None]) -> None:
        """Call a function whenever the bell rings for a token."""
        self._standing[token] = ring

    def forget(self, token: int) -> None:
        """Stop calling the function of a token."""
        self._standing.pop(token, None)

    def _ring(self) -> None:
        for token in self.bell.answer():
            waiter = self._waiters.pop(token, None)
            if waiter is not None:
                if not waiter.done():
                    waiter.set_result(None)
            elif (ring := self._standing.get(token)) is not None:
                ring()


def _drain_log() -> None:
    for level, target, text in _native.logs():
        logging.getLogger(target).log(level, "%s", text)


# Threads do not survive a fork: the child is told so instead of waiting for ever.
os.register_at_fork(after_in_child=_native.forked)
