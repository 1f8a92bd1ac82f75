"""The end of the process: SIGTERM drains the pool first, while the server still serves; so does Ctrl-C, without waiting.

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
    """Drains when SIGTERM comes, and without a deadline at Ctrl-C; for the `lifespan` of an application.

    A second signal does not wait.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    draining: asyncio.Task[None] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    async def drain(number: int, frame: FrameType | None) -> None:
        # Who sits before the terminal does not want to wait for calls to end by themselves.
        drained = await pool.drain(deadline if number == signal.SIGTERM else 0.0)
        log.info("Drained: %s", drained)
        pass_on(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        nonlocal draining
        log.info("%s: draining %d calls.", signal.Signals(number).name, pool.stats().live)
        draining = draining or loop.create_task(drain(number, frame))

    def handle(number: int, frame: FrameType | None) -> None:
        if draining is None:
            loop.call_soon_threadsafe(begin, number, frame)
        else:
            pass_on(number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
