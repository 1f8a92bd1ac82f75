"""The failures of a route, as `/docs` shows them: one example for each status."""

from typing import Any

from .bodies import ErrorBody

#: Status, what it means, and an example: kind, code, whether it may pass, sentence, hint.
TABLE: dict[int, tuple[str, tuple[str, str, bool, str, str]]] = {
    400: (
        "The request is malformed, or a value is wrong.",
        ("invalid", "request", False, "`audio_data`: it is no base64 with its padding.", "See /docs."),
    ),
    401: (
        "No token, an unknown one, or a ticket that is no longer good.",
        ("denied", "token", False, "The request has no token, or an unknown one.", "Send `Authorization: Bearer …`."),
    ),
    404: (
        "There is no such call: it is over, or it was never this owner's.",
        ("invalid", "no-such-call", False, "There is no call 6f1c….", "It is over, or it was never this owner's."),
    ),
    409: (
        "The call does not allow it now: it is just ending, or nobody asked.",
        ("closed", "closed", False, "The conversation is over.", "Open another one."),
    ),
    413: (
        "The body is too large.",
        ("invalid", "body-too-large", False, "The body is larger than 4194304 bytes.", "Send audio in pieces."),
    ),
    429: (
        "Too many calls, too many requests, or a budget that is spent; `Retry-After` says when to come back.",
        ("limit", "pool-full", True, "As many calls are open as there may be.", "Try again when one has ended."),
    ),
    502: (
        "The service said something that cannot be understood, refused, or could not be reached.",
        ("transport", "transport", True, "The connection to the service broke.", "Try again."),
    ),
    503: (
        "The process is about to stop, another one has the call (`Call-Location`), or the service is not there now.",
        ("unavailable", "held-elsewhere", True, "The call is held elsewhere.", "Ask http://10.0.0.7:8000, …"),
    ),
}

RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures that a route is likely to answer with; any other one has the same form."""
    rest: dict[int | str, dict[str, Any]] = {
        "default": {"model": ErrorBody, "description": "Any other failure, in the same form."}
    }
    return {status: _described(status) for status in statuses} | rest


def _described(status: int) -> dict[str, Any]:
    description, (kind, code, retryable, message, hint) = TABLE[status]
    error = {"kind": kind, "code": code, "message": message, "retryable": retryable, "request_id": None, "hint": hint}
    told = {
        "model": ErrorBody,
        "description": description,
        "content": {"application/json": {"example": {"error": error}}},
    }
    return {**told, "headers": RETRY_AFTER} if status in (429, 503) else told
