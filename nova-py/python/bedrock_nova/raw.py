"""One session without a conversation around it, for frameworks that speak the service's event JSON by themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from . import _native
from ._hub import Hub
from .errors import Misuse
from .service import Bedrock

__all__ = ["RawSession"]

RawEvent: TypeAlias = "Mapping[str, Any] | str | bytes"
"""`{"event": {…}}`, as a dictionary or as JSON."""


class RawSession:
    """One stream, at most eight minutes long: your events over our transport, nothing added.

    >>> async with RawSession(opening=[session_start, prompt_start, *system_block]) as session:
    ...     await session.send(content_start)
    ...     async for event in session:
    ...         print(event["event"].keys())

    The service accepts a stream only when it has read the events up to the system prompt, so these are given as `opening`.
    `ordered` holds every event against the protocol's order and limits before it is sent: one that breaks them raises
    `Misuse` or `Invalid`, is not sent, and changes nothing. Without it everything goes out as it is.

    No renewal, no pacing, no silence, no tools: that is what `Conversation` is for.
    """

    def __init__(
        self,
        *,
        opening: Sequence[RawEvent],
        model: str | None = None,
        region: str | None = None,
        ordered: bool = True,
        service: Bedrock | None = None,
    ) -> None:
        self._service = Bedrock() if service is None else service
        self._opening = [_encoded(event) for event in opening]
        self._options: dict[str, Any] = {"region": region, "ordered": ordered}
        self._model = model
        self._hub: Hub | None = None
        self._native: _native.Raw | None = None

    async def open(self) -> Self:
        """Open the stream; done when the service has accepted it."""
        if self._native is not None:
            raise Misuse("This session was opened already.", code="opened", hint="Make another RawSession.")
        self._hub = hub = Hub.here()
        op = _native.Raw.start(hub.bell, self._service._native, self._model, self._opening, **self._options)
        self._native = await hub.run(op)
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.drop()

    async def send(self, event: RawEvent) -> None:
        """Send an event; wait while the way up is full."""
        hub, native = self._here()
        await hub.run(native.send(hub.bell, _encoded(event)))

    def finish(self) -> None:
        """End this side of the stream; the service's last events still come."""
        self._here()[1].finish()

    def drop(self) -> None:
        """Drop the stream at once."""
        self._native = None

    @property
    def request_id(self) -> str | None:
        """The service's request id, for a support case."""
        return self._here()[1].request_id

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        hub, native = self._here()
        while (item := native.next()) is None:
            await hub.wait(native.token)
        if isinstance(item, bool):
            raise StopAsyncIteration
        event: dict[str, Any] = json.loads(item)
        return event

    def _here(self) -> tuple[Hub, _native.Raw]:
        hub, native = self._hub, self._native
        if hub is None or native is None:
            raise Misuse(
                "This session is not open.", code="not-open", hint="Use it inside `async with`, or open it first."
            )
        hub.check()
        return hub, native


def _encoded(event: RawEvent) -> bytes:
    if isinstance(event, bytes):
        return event
    return event.encode() if isinstance(event, str) else json.dumps(event).encode()
