"""The way to the service: region, endpoint, credentials, and connections that calls share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import _native
from .errors import Denied, Misuse

__all__ = ["Bedrock", "Credentials"]


_ENDPOINTS = ("BEDROCK_NOVA_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL")
"""In the order in which the library asks for them."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys to sign with; those of a role have a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class AwsSession(Protocol):
    """What boto3's and botocore's sessions have in common."""

    def get_credentials(self) -> Any:
        """Return the session's credentials, or None."""


class Bedrock:
    """Connections to Amazon Bedrock, or to a local one, and the credentials that sign for them.

    Share one among calls. Without arguments it is what AWS's own tools find in the environment; `BEDROCK_NOVA_ENDPOINT`
    and `AWS_CA_BUNDLE` are honoured. Nothing is opened before the first call needs it.

    Keys of a boto3 or botocore session are read once, here; its region is used if none is given. For keys that are
    renewed leave `credentials` out: the environment's chain renews them by itself.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        credentials: Credentials | AwsSession | None = None,
    ) -> None:
        keys = None if credentials is None else _keys(credentials)
        self._endpoint_url = endpoint_url
        if region is None and credentials is not None and not isinstance(credentials, Credentials):
            region = _region(credentials)
        self._native = _native.Service(
            region=region,
            profile=profile,
            endpoint_url=endpoint_url,
            ca_bundle=None if ca_bundle is None else os.fspath(ca_bundle),
            credentials=None if keys is None else (keys.access_key, keys.secret_key, keys.session_token),
        )

    @property
    def endpoint_url(self) -> str | None:
        """Where calls go, given or in the environment; None for Amazon Bedrock itself."""
        named = (os.environ.get(name) for name in _ENDPOINTS)
        return self._endpoint_url or next((url for url in named if url), None)

    @property
    def connections(self) -> int:
        """How many HTTP/2 connections are open and take streams."""
        return self._native.connections()

    @property
    def region(self) -> str | None:
        """The region, once the first call has needed it."""
        return self._native.region()


def _keys(source: Credentials | AwsSession) -> Credentials:
    if isinstance(source, Credentials):
        return source
    if not callable(getattr(source, "get_credentials", None)):
        raise Misuse(
            f"A {type(source).__name__} holds no credentials.",
            code="credentials",
            hint="Give Credentials(…), or a boto3 or botocore session.",
        )
    found = source.get_credentials()
    if found is None:
        raise Denied(
            "The session has no credentials.",
            code="no-credentials",
            hint="Log in with the AWS command line, or set AWS_PROFILE.",
        )
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _region(session: AwsSession) -> str | None:
    named = getattr(session, "region_name", None)
    if named is None and callable(get := getattr(session, "get_config_variable", None)):
        named = get("region")
    return named if isinstance(named, str) else None
