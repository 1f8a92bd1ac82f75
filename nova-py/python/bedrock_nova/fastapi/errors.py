"""Failures in one form: `{"error": {"kind", "code", "message", "retryable", "request_id", "hint"}}`.

The library's errors bring their fields and their status along. What the server itself refuses before a call hears of it
(no token, a body that is too large, too many requests) is a `Refusal` with the same fields.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..errors import NovaError

log = logging.getLogger("bedrock_nova.fastapi")

#: Complaints about a body that are told at once; the first is what matters.
COMPLAINTS = 5


class Refusal(Exception):
    """What the server itself refuses, or a `owner` function of the application's own."""

    def __init__(
        self,
        status: int,
        kind: str,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        retryable: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self._fields = {
            "kind": kind,
            "code": code,
            "message": message,
            "retryable": retryable,
            "request_id": None,
            "hint": hint,
        }

    @property
    def code(self) -> str:
        """The stable code, finer than the kind."""
        return str(self._fields["code"])

    def to_dict(self) -> dict[str, Any]:
        """The six fields, as the library's errors have them."""
        return dict(self._fields)


def known(error: Exception) -> NovaError | Refusal:
    """Puts any failure into the one form; what nobody expected is a bug, and logged as one."""
    match error:
        case NovaError() | Refusal():
            return error
        case RequestValidationError():
            return Refusal(400, "invalid", "request", _complaints(error), hint="See /docs for what the route takes.")
        case HTTPException():
            return _of_framework(error)
        case _:
            log.error("A request failed in a way that nobody expected.", exc_info=error)
            return Refusal(500, "bug", "bug", "The server failed.", hint="Its log says how; please report it.")


def body(error: NovaError | Refusal) -> dict[str, Any]:
    """The body of an answer, and the message of a WebSocket."""
    return {"error": error.to_dict()}


def answer(error: Exception) -> JSONResponse:
    """The answer to a request that failed."""
    failure = known(error)
    headers = dict(failure.headers) if isinstance(failure, Refusal) else {}
    if failure.status in (429, 503) and failure.to_dict()["retryable"]:
        headers.setdefault("Retry-After", "1")
    return JSONResponse(body(failure), failure.status, headers)


def answer_errors(app: FastAPI) -> None:
    """Gives what the application itself refuses (unknown paths, wrong methods, its own failures) the same form."""

    async def in_form(_: Request, error: Exception) -> JSONResponse:
        return answer(error)

    for kind in (HTTPException, RequestValidationError, NovaError, Refusal, Exception):
        app.add_exception_handler(kind, in_form)


def _of_framework(error: HTTPException) -> Refusal:
    """What the framework refuses: it has a status and a sentence."""
    codes = {404: "no-such-route", 405: "method", 413: "body-too-large"}
    status = error.status_code if error.status_code in codes else (500 if error.status_code >= 500 else 400)
    code = codes.get(status, "bug" if status == 500 else "request")
    kind = "bug" if status == 500 else "invalid"
    return Refusal(status, kind, code, f"{error.detail}.", headers=error.headers)


def _complaints(error: RequestValidationError) -> str:
    """What is wrong with a request, field by field; nothing of what was in it."""
    told = [f"`{_place(one['loc'])}`: {_words(one)}" for one in error.errors()]
    return "; ".join(told[:COMPLAINTS]) + "."


def _words(one: Mapping[str, Any]) -> str:
    if one["type"] == "model_attributes_type":
        return "it must be a JSON object, sent with `Content-Type: application/json`"
    return str(one["msg"]).removeprefix("Value error, ")


def _place(where: tuple[int | str, ...]) -> str:
    """The field's name; the whole body where JSON cannot be read, whose place is a number."""
    fields = [str(part) for part in where[1:]]
    return ".".join(fields) if fields and isinstance(where[1], str) else str(where[0])
