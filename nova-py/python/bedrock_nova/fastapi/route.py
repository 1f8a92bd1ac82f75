"""How every route fails: in the one form, whatever application it is mounted in, and before a large body is read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from .errors import Refusal, answer

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class TooLarge(HTTPException):
    """A body that is still coming and is too large already; of the kind that the framework lets through."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"The body is larger than {most} bytes")


def route_class(largest_body: int) -> type[APIRoute]:
    """Makes the class of routes with this bound."""

    class ContractRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handler = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    check_length(request, largest_body)
                    return await handler(Request(request.scope, bounded(request.receive, largest_body)))
                except Exception as error:
                    return answer(error)

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
