"""The end of the process: SIGTERM drains the pool first, while the server still serves.

A server that is told to stop first waits for its connections, and a stream of events is a connection that ends with
its call. So the calls have to end before: health says 503, no new call is taken, running ones may end by themselves
until the deadline and are then closed in order, or left in the store for another process. Then the server's own handler
has the signal.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

from .. import ConversationPool

log = logging.getLogger("bedrock_nova.fastapi")


@asynccontextmanager
async def drain_on_sigterm(pool: ConversationPool, deadline: float = 30.0) -> AsyncIterator[None]:
    """Drains when SIGTERM comes; for the `lifespan` of an application. A second SIGTERM does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    draining: asyncio.Task[None] | None = None

    async def drain(frame: FrameType | None) -> None:
        drained = await pool.drain(deadline)
        log.info("Drained: %s", drained)
        if callable(before):
            before(signal.SIGTERM, frame)

    def begin(frame: FrameType | None) -> None:
        nonlocal draining
        log.info("SIGTERM: draining %d calls, for %.0f s at most.", pool.stats().live, deadline)
        draining = draining or loop.create_task(drain(frame))

    def handle(_: int, frame: FrameType | None) -> None:
        if draining is None:
            loop.call_soon_threadsafe(begin, frame)
        elif callable(before):
            before(signal.SIGTERM, frame)

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
