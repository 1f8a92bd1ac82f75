"""What all routes share: the pool, who may come in, and how a call is found."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .. import ConversationPool, Elsewhere, Options, PooledConversation
from ..errors import Unavailable
from .access import Access
from .errors import Refusal

#: Calls whose times are remembered.
REMEMBERED = 10_000


@dataclass(slots=True)
class Times:
    """When a call began and was last spoken to, in the world's time."""

    created_at: datetime
    last_activity: datetime


class Register:
    """The times of the calls of this process; the pool has them by its own clock only."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._times: OrderedDict[str, Times] = OrderedDict()

    def touch(self, call: PooledConversation) -> Times:
        """Notes that a client was there."""
        now = self._now()
        times = self.of(call)
        times.last_activity = _world(now)
        return times

    def of(self, call: PooledConversation) -> Times:
        """The times of a call; of one that another process began, by its age."""
        times = self._times.get(call.id)
        if times is None:
            now = self._now()
            times = self._times[call.id] = Times(_world(now - call.elapsed), _world(now))
            if len(self._times) > REMEMBERED:
                self._times.popitem(last=False)
        self._times.move_to_end(call.id)
        return times


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler needs."""

    pool: ConversationPool
    access: Access
    #: What calls are opened with where a client says nothing.
    defaults: Options
    #: What the health route calls the service.
    endpoint: str
    #: How long an orderly end may take.
    close: float
    register: Register = field(default_factory=Register)

    async def find(self, session_id: str, owner: str) -> PooledConversation:
        """Finds a call for a client that does something with it."""
        call = await self.look(session_id, owner)
        self.register.touch(call)
        return call

    async def look(self, session_id: str, owner: str) -> PooledConversation:
        """Finds a call, here or left in the store; says where it is if another process has it."""
        try:
            return await self.pool.resume(session_id, owner)
        except Unavailable as error:
            if error.code != "held-elsewhere":
                raise
            raise await self._elsewhere(session_id, owner, error) from error

    async def _elsewhere(self, session_id: str, owner: str, error: Unavailable) -> Exception:
        place = await self.pool.locate(session_id, owner)
        if not (isinstance(place, Elsewhere) and place.hint.startswith(("http://", "https://"))):
            return error
        headers = {"Call-Location": place.hint, "Retry-After": "1"}
        return Refusal(
            503, error.kind, error.code, error.message, hint=error.hint, retryable=error.retryable, headers=headers
        )


def _world(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
