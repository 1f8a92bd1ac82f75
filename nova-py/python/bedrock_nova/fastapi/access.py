"""Who calls. A call belongs to its opener, so every route needs an owner.

An application may have its own way of knowing people, a cookie for instance: any function from a connection to a name,
which raises `Refusal(401, …)` for strangers.
"""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from .errors import Refusal
from .limits import RateLimit
from .tickets import Tickets

#: Finds the owner of a request.
OwnerOf = Callable[[HTTPConnection], str | Awaitable[str]]


def everybody(_: HTTPConnection) -> str:
    """The owner where nobody has to say who they are."""
    return "everybody"


class BearerTokens:
    """Knows owners by `Authorization: Bearer …`."""

    #: How `/docs` asks for a token.
    scheme = HTTPBearer(auto_error=False, description="The token says whose a call is.")

    def __init__(self, owners: Mapping[str, str]) -> None:
        # Digests, so that the time of a search says nothing about a token.
        self._owners = {_digest(token): owner for token, owner in owners.items()}

    def __call__(self, connection: HTTPConnection) -> str:
        """Finds the owner of a request's token."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        owner = self._owners.get(_digest(token.strip()))
        if scheme.lower() != "bearer" or owner is None:
            raise _stranger()
        return owner


class Access:
    """Lets clients in: says whose a request is, and whether there were too many."""

    def __init__(self, owner: OwnerOf, tickets: Tickets, rate: RateLimit | None) -> None:
        self._owner = owner
        self.tickets = tickets
        self._rate = rate

    def depends(self, admit: Callable[[HTTPConnection], Awaitable[str]]) -> Any:
        """Makes a route's dependency of `caller` or `listener`; `/docs` asks for a token if tokens are what counts."""
        scheme = getattr(self._owner, "scheme", None)
        if scheme is None:
            return Depends(admit)

        async def admitted(connection: HTTPConnection, _: object = Depends(scheme)) -> str:
            return await admit(connection)

        return Depends(admitted)

    async def caller(self, connection: HTTPConnection) -> str:
        """The owner, by whatever the application knows people by."""
        return await self._admit(connection, self._owner)

    async def listener(self, connection: HTTPConnection) -> str:
        """The owner, also by `?ticket=`, on routes that a browser opens without headers."""
        ticket = connection.query_params.get("ticket")
        if ticket is None:
            return await self.caller(connection)
        session = str(connection.path_params["session_id"])
        return await self._admit(connection, lambda _: self.tickets.owner(ticket, session))

    async def _admit(self, connection: HTTPConnection, owner_of: OwnerOf) -> str:
        address = connection.client.host if connection.client else "unknown"
        try:
            found = owner_of(connection)
            owner = await found if inspect.isawaitable(found) else found
        except Refusal:
            # Whoever guesses is slowed down too.
            self._count("address " + address)
            raise
        # Several people may share an address, and one may have several.
        self._count("address " + address if self._owner is everybody else "owner " + owner)
        return owner

    def _count(self, client: str) -> None:
        if self._rate is not None:
            self._rate.take(client)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _stranger() -> Refusal:
    hint = "Send `Authorization: Bearer …`; for EventSource and WebSocket fetch a ticket with POST /ticket."
    headers = {"WWW-Authenticate": "Bearer"}
    return Refusal(401, "denied", "token", "The request has no token, or an unknown one.", hint=hint, headers=headers)
