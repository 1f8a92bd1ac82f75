"""How every route fails: in the one form, whatever application it is mounted in, and before a large body is read.

Each request is a line of the log: at DEBUG, and at WARNING if the server or the service is to blame. Nothing of its
body is in it, nor its query, which may hold a ticket.
"""

import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from .errors import Refusal, answer, known

log = logging.getLogger("bedrock_nova.fastapi")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class TooLarge(HTTPException):
    """A body that is still coming and is too large already; of the kind that the framework lets through."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"The body is larger than {most} bytes")


def route_class(largest_body: int) -> type[APIRoute]:
    """Makes the class of routes with this bound."""

    class ContractRoute(APIRoute):
        def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
            # What generated clients call their functions.
            settings["operation_id"] = settings.get("operation_id") or endpoint.__name__
            super().__init__(path, endpoint, **settings)

        def get_route_handler(self) -> Handler:
            handler = super().get_route_handler()

            async def handle(request: Request) -> Response:
                since = time.perf_counter()
                code = "ok"
                try:
                    check_length(request, largest_body)
                    response = await handler(Request(request.scope, bounded(request.receive, largest_body)))
                except Exception as error:
                    failure = known(error)
                    code, response = failure.code, answer(failure)
                if code == "ok" and response.status_code >= 400:
                    code = "refused"
                level = logging.DEBUG if response.status_code < 500 else logging.WARNING
                took = (time.perf_counter() - since) * 1000
                log.log(level, "%s %s: %d %s, %.1f ms", request.method, self.path, response.status_code, code, took)
                return response

            return handle

    return ContractRoute


def check_length(request: Request, most: int) -> None:
    """Refuses a body that says itself that it is too large."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        hint = "Send audio in pieces of some seconds."
        raise Refusal(413, "invalid", "body-too-large", f"The body is larger than {most} bytes.", hint=hint)


def bounded(receive: Receive, most: int) -> Receive:
    """Refuses a body as soon as it has become too large."""
    read = 0

    async def receive_bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise TooLarge(most)
        return message

    return receive_bounded
