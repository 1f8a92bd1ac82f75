"""One tree of errors: what went wrong, whose move it is, and what a person can do about it.

The kinds are those of the Rust library and of the Node package. Catch `NovaError` for all of them, or the class of one
kind; some are Python's own as well (`NovaTimeout` is a `TimeoutError`, `Invalid` a `ValueError`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from . import _native

__all__ = [
    "Bug",
    "CallClosed",
    "Denied",
    "Filtered",
    "Invalid",
    "LimitReached",
    "Misuse",
    "ModelRetired",
    "NovaError",
    "NovaTimeout",
    "ProtocolError",
    "Throttled",
    "TransportError",
    "Unavailable",
    "WireError",
]


class NovaError(Exception):
    """Any failure of this library."""

    kind: ClassVar[str] = "bug"
    """Whose move it is, as it is spelled in every language."""

    _retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """One sentence, without the hint."""
        self.code = self.kind if code is None else code
        """The stable code, finer than the kind: `no-credentials`, `pool-full`."""
        self.retryable = self._retryable if retryable is None else retryable
        """Whether trying again can help."""
        self.request_id = request_id
        """The service's request id, if it answered at all."""
        self.hint = hint
        """What a person can do about it."""

    @property
    def status(self) -> int:
        """The HTTP status with which a server tells its client of it."""
        return _native.status(self.kind, self.code)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as they go into JSON."""
        return {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "request_id": self.request_id,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        cause = None if self.__cause__ is None else str(self.__cause__)
        return error_of, (
            self.kind,
            self.code,
            self.message,
            self.retryable,
            self.request_id,
            self.hint,
            cause,
        )


class Misuse(NovaError):
    """The caller did something that this state does not allow; nothing was changed."""

    kind = "misuse"


class WireError(NovaError):
    """The peer sent bytes that cannot be read."""

    kind = "wire"


class ProtocolError(NovaError):
    """The peer broke the protocol, or refused something of ours as breaking it."""

    kind = "protocol"


class Throttled(NovaError):
    """The service asks for fewer requests for now."""

    kind = "throttled"
    _retryable = True


class Unavailable(NovaError):
    """The service, or a store, cannot answer for now."""

    kind = "unavailable"
    _retryable = True


class Denied(NovaError):
    """The service, or the credential chain, refuses the caller."""

    kind = "denied"


class Invalid(NovaError, ValueError):
    """A value is wrong, and will be wrong again."""

    kind = "invalid"


class ModelRetired(NovaError):
    """The model has reached its end of life; the hint names the one to use instead."""

    kind = "modelRetired"


class Filtered(NovaError):
    """A content filter or a guardrail refused the content."""

    kind = "filtered"


class LimitReached(NovaError):
    """A limit of our own was reached: a full pool, a spent budget, a blocked way up."""

    kind = "limit"


class TransportError(NovaError, ConnectionError):
    """The road between here and the service broke."""

    kind = "transport"
    _retryable = True


class NovaTimeout(NovaError, TimeoutError):
    """An answer did not come within its deadline."""

    kind = "timeout"
    _retryable = True


class CallClosed(NovaError):
    """The call is over; not anybody's fault."""

    kind = "closed"


class Bug(NovaError):
    """A defect in this library; please report it."""

    kind = "bug"


class Cause(Exception):
    """What lies under an error of the native library, in its words."""


_CLASSES: dict[str, type[NovaError]] = {
    cls.kind: cls
    for cls in (
        Misuse,
        WireError,
        ProtocolError,
        Throttled,
        Unavailable,
        Denied,
        Invalid,
        ModelRetired,
        Filtered,
        LimitReached,
        TransportError,
        NovaTimeout,
        CallClosed,
        Bug,
    )
}


def error_of(
    kind: str,
    code: str,
    message: str,
    retryable: bool,
    request_id: str | None,
    hint: str | None,
    cause: str | None = None,
) -> NovaError:
    """Make the exception of a kind; the native module calls it."""
    cls = _CLASSES.get(kind, Bug)
    error = cls(message, code=code, retryable=retryable, request_id=request_id, hint=hint)
    if cause is not None:
        error.__cause__ = Cause(cause)
    return error


def error_from_json(fields: dict[str, Any]) -> NovaError:
    """Make the exception of an error that an event carries."""
    return error_of(
        fields["kind"],
        fields["code"],
        fields["message"],
        fields["retryable"],
        fields.get("requestId"),
        fields.get("hint"),
    )
