"""Tickets for browsers, whose `EventSource` and `WebSocket` cannot set headers.

A ticket says whose it is, for which call and until when, and is signed. It is good for any number of connections in its
short life, since an `EventSource` that lost its connection comes back by itself with the same address; who comes back
later fetches a new one. Servers that share the secret take each other's tickets; without one it is made up at the
start.
"""

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from .errors import Refusal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as a client has it."""

    text: str
    life: float


class Tickets:
    """Makes tickets and knows them again."""

    def __init__(
        self, secret: str | bytes | None = None, *, life: float = 60.0, now: Callable[[], float] = time.time
    ) -> None:
        key = secret.encode() if isinstance(secret, str) else secret
        self._key = key or secrets.token_bytes(32)
        self._life = life
        self._now = now

    def issue(self, owner: str, session: str) -> Ticket:
        """Makes a ticket for an owner's call."""
        claim = json.dumps([owner, session, self._now() + self._life]).encode()
        return Ticket(f"{_text(claim)}.{_text(self._sign(claim))}", self._life)

    def owner(self, ticket: str, session: str) -> str:
        """Says whose ticket it is; refuses one that is not good for this call, now."""
        try:
            claim, signature = map(_bytes, ticket.split("."))
        except ValueError:
            raise _refused() from None
        if not hmac.compare_digest(signature, self._sign(claim)):
            raise _refused()
        owner, its_session, until = json.loads(claim)
        if its_session != session or until <= self._now():
            raise _refused()
        return str(owner)

    def _sign(self, claim: bytes) -> bytes:
        return hmac.digest(self._key, claim, hashlib.sha256)


def _refused() -> Refusal:
    hint = "Fetch a new one with POST /ticket."
    return Refusal(401, "denied", "ticket", "The ticket is not good for this call, or not any more.", hint=hint)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
