"""How often one client may ask: a bucket that fills steadily, one per client."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from .errors import Refusal

#: Clients that are remembered; whoever was forgotten begins with a full bucket.
CLIENTS = 10_000


class RateLimit:
    """So many requests a second, and a burst of at most `burst` at once (two seconds' worth without it)."""

    def __init__(
        self, per_second: float, *, burst: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second
        self._burst = max(1.0, 2 * per_second if burst is None else burst)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Counts a request; refuses it if the client has asked too often."""
        now = self._now()
        level, since = self._buckets.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        self._buckets[client] = (level - 1, now) if level >= 1 else (level, now)
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        if level < 1:
            raise _refused((1 - level) / self._rate)


def _refused(wait: float) -> Refusal:
    headers = {"Retry-After": str(math.ceil(wait))}
    hint = "Wait as long as Retry-After says."
    return Refusal(429, "limit", "rate", "This client asks too often.", hint=hint, retryable=True, headers=headers)
