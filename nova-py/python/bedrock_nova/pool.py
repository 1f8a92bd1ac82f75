"""Many calls in one process: how many there may be, whose each is, and their common end."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _native, options as _options
from ._hub import Hub
from .conversation import Conversation, Snapshot
from .errors import Misuse
from .options import Budget, Options
from .service import Bedrock
from .tools import Toolbox, handled, tools_of

if TYPE_CHECKING:
    from typing import Unpack

__all__ = [
    "ConversationPool",
    "Drained",
    "Elsewhere",
    "Here",
    "Left",
    "OwnerBudget",
    "PoolStats",
    "PooledConversation",
]

_DRAIN = 30.0


@dataclass(frozen=True, slots=True)
class OwnerBudget:
    """What an owner's calls may use together, in a period of `per` seconds."""

    budget: Budget
    per: float


@dataclass(frozen=True, slots=True)
class PoolStats:
    """How full a pool is."""

    live: int
    opening: int
    limit: int
    draining: bool


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the calls of a pool that was drained."""

    finished: int
    closed: int
    parked: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Here:
    """The call is in this pool, or about to be."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The call is in another process, reached by `hint`; if that is dead, it may be taken over in `remaining` seconds."""

    hint: str
    remaining: float


@dataclass(frozen=True, slots=True)
class Left:
    """The call is in no process: `resume` takes it over."""


class PooledConversation(Conversation):
    """A call of a pool. While anybody holds one, the call is not idle. Leaving its block does not end it."""

    def __init__(self, hub: Hub, native: _native.Call) -> None:
        # It is open already, by its pool.
        self._ended = False
        self._events = None
        self._adopt(hub, native)
        self.id: str = native.id or ""
        """Names the call, in every process that ever has it."""
        self.owner: str = native.owner or ""
        """Whose it is."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.drop()

    def drop(self) -> None:
        """Let go of it: the pool still has the call."""
        super().drop()


class ConversationPool:
    """Calls of many owners, found by id *and* owner: for anybody else there is no such call.

    >>> async with ConversationPool(conversations=100, tools=[get_weather]) as pool:
    ...     call = await pool.open("user-17", system="Answer shortly.")
    ...     same = pool.get(call.id, "user-17")

    `store` keeps calls so that another process can go on with them: a folder for the processes of one machine, a
    `redis://` address for a fleet, `"memory"` or None for neither. `hint` is how other processes, or a load balancer, reach
    this one. `tools` are offered to every call, and given again to calls that are resumed. Leaving the block drains.
    """

    def __init__(
        self,
        *,
        conversations: int = 100,
        per_owner: int | None = None,
        idle: float = 120.0,
        owner_budget: OwnerBudget | None = None,
        store: str | os.PathLike[str] | None = None,
        hint: str = "",
        lease: float = 15.0,
        service: Bedrock | None = None,
        tools: Sequence[Any] = (),
    ) -> None:
        self.service = Bedrock() if service is None else service
        """The way to the service that its calls share."""
        self._tools = tools_of(tools)
        place = None if store is None else os.fspath(store)
        self._settings: dict[str, Any] = {
            "per_owner": per_owner,
            "owner_budget": None
            if owner_budget is None
            else (json.dumps(_options.budget_to_json(owner_budget.budget)).encode(), owner_budget.per),
            "store": None if place in (None, "", "memory") else place,
            "hint": hint,
            "lease": lease,
        }
        self._size = (conversations, idle)
        self._hub: Hub | None = None
        self._native: _native.Pool | None = None

    async def start(self) -> Self:
        """Begin to take calls, in the running event loop."""
        if self._native is not None:
            raise Misuse("This pool was started already.", code="opened", hint="Make another ConversationPool.")
        self._hub = hub = Hub.here()
        self._native = await hub.run(_native.Pool.start(hub.bell, *self._size, **self._settings))
        return self

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.drain()

    async def open(self, owner: str, **options: Unpack[Options]) -> PooledConversation:
        """Open a call for an owner; `LimitReached` when the pool, the owner's share or the owner's budget is full."""
        _options.check_names(options)
        hub, native = self._here()
        tools = tools_of([*self._tools, *options.get("tools", ())])
        toolbox = Toolbox(hub, handled(tools))
        text, record = _options.encode(options, tools), _options.record_of(options)
        op = native.open(hub.bell, self.service._native, owner, text, toolbox.inbox, **record)
        return await self._opened(hub, op, toolbox)

    async def open_from(self, owner: str, snapshot: Snapshot, **options: Unpack[Options]) -> PooledConversation:
        """Open a call for an owner that goes on from a snapshot; of the options only `tools` is taken."""
        hub, native = self._here()
        if others := sorted(set(options) - {"tools"}):
            raise TypeError(f"a call that goes on has its options in its snapshot, and takes no {others[0]!r}")
        toolbox = Toolbox(hub, handled(tools_of([*self._tools, *options.get("tools", ())])))
        op = native.open_from(hub.bell, self.service._native, owner, snapshot.to_json(), toolbox.offers, toolbox.inbox)
        return await self._opened(hub, op, toolbox)

    def get(self, id: str, owner: str) -> PooledConversation:
        """Find a call that is here; `Invalid`, code `no-such-call`, if there is none of that id for this owner."""
        hub, native = self._here()
        return PooledConversation(hub, native.get(id, owner))

    async def resume(self, id: str, owner: str) -> PooledConversation:
        """Find a call here, or take it over from the store if another process has left it.

        `Unavailable`, code `held-elsewhere`, if a process has it: `locate` says which.
        """
        try:
            return self.get(id, owner)
        except ValueError:
            hub, native = self._open()
        toolbox = Toolbox(hub, handled(self._tools))
        op = native.resume(hub.bell, self.service._native, id, owner, toolbox.offers, toolbox.inbox)
        return await self._opened(hub, op, toolbox)

    async def locate(self, id: str, owner: str) -> Here | Elsewhere | Left:
        """Say where a call is, for whoever came to the wrong process."""
        hub, native = self._here()
        where, hint, remaining = await hub.run(native.locate(hub.bell, id, owner))
        match where:
            case "here":
                return Here()
            case "elsewhere":
                return Elsewhere(hint, remaining)
            case _:
                return Left()

    def calls(self, owner: str) -> list[str]:
        """Return the ids of an owner's calls that are here, oldest first."""
        return self._open()[1].calls(owner)

    def stats(self) -> PoolStats:
        """Return how full the pool is."""
        return PoolStats(*self._open()[1].stats())

    async def drain(self, deadline: float = _DRAIN) -> Drained:
        """Take no more calls, wait for those that run, and end the others when the deadline is over.

        A pool with a store leaves them to another process; one without closes them in order, within ten seconds more.
        """
        hub, native = self._here()
        return Drained(*await hub.run(native.drain(hub.bell, deadline)))

    async def _opened(self, hub: Hub, op: _native.Op, toolbox: Toolbox) -> PooledConversation:
        try:
            native = await hub.run(op)
        except BaseException:
            hub.forget(toolbox.inbox.token)
            raise
        # The call outlives whoever holds it: its tools run as long as it does.
        end = native.closed(hub.bell)

        def forget() -> None:
            hub.forget(end.token)
            hub.forget(toolbox.inbox.token)

        if end.done():
            forget()
        else:
            hub.stand(end.token, forget)
        return PooledConversation(hub, native)

    def _here(self) -> tuple[Hub, _native.Pool]:
        hub, native = self._open()
        hub.check()
        return hub, native

    def _open(self) -> tuple[Hub, _native.Pool]:
        hub, native = self._hub, self._native
        if hub is None or native is None:
            raise Misuse("This pool was not started.", code="not-open", hint="Use it inside `async with`, or start it.")
        return hub, native
