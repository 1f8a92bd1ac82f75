"""RxPY over a call: its events as an observable, in twenty lines.

`call` is anything whose events can be iterated: a `Conversation`, or a call of a pool. Subscribing begins to read, and
disposing stops it; the call itself goes on.
"""

import asyncio
from collections.abc import AsyncIterable
from typing import TypeVar

import reactivex
from reactivex import Observable, abc
from reactivex.disposable import Disposable

T = TypeVar("T")


def observable(events: AsyncIterable[T]) -> Observable[T]:
    """Makes an observable of an iterator, on the running loop."""

    def subscribe(observer: abc.ObserverBase[T], _: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        async def read() -> None:
            try:
                async for event in events:
                    observer.on_next(event)
            except Exception as error:
                observer.on_error(error)
            else:
                observer.on_completed()

        reading = asyncio.get_running_loop().create_task(read())

        def stop() -> None:
            reading.cancel()

        return Disposable(stop)

    return reactivex.create(subscribe)
