"""The tree of errors."""

from __future__ import annotations

import asyncio
import logging
import pickle

import pytest

from bedrock_nova import (
    Bedrock,
    Conversation,
    ConversationPool,
    Credentials,
    Denied,
    LimitReached,
    Misuse,
    NovaError,
    TransportError,
    _native,
    errors,
)
from bedrock_nova.errors import error_of
from bedrock_nova.testing import Emulator


def test_every_kind_of_the_library_has_its_class() -> None:
    for kind in _native.kinds():
        error = error_of(kind, "code", "It failed.", True, "id", "Mend it.", "below")
        assert type(error).kind == kind and type(error) is not NovaError
        assert type(error).__name__ in errors.__all__
        assert str(error) == "It failed. Mend it." and str(error.__cause__) == "below"
        assert error.status in {400, 404, 409, 429, 500, 502, 503}


def test_errors_are_what_python_expects_of_them() -> None:
    assert issubclass(errors.NovaTimeout, TimeoutError) and issubclass(errors.Invalid, ValueError)
    assert issubclass(errors.TransportError, ConnectionError)
    again = pickle.loads(pickle.dumps(error_of("denied", "no-credentials", "No.", False, None, "Log in.")))
    assert type(again) is Denied and again.to_dict() == {
        "kind": "denied",
        "code": "no-credentials",
        "message": "No.",
        "retryable": False,
        "request_id": None,
        "hint": "Log in.",
    }


async def test_wrong_keys_are_denied_with_the_service_s_words(emulator: Emulator) -> None:
    service = Bedrock(
        region="us-east-1",
        endpoint_url=emulator.url,
        ca_bundle=emulator.ca_bundle,
        credentials=Credentials("AKIDNOBODY", "wrong"),
    )
    with pytest.raises(Denied) as denied:
        await Conversation.connect(service=service)
    assert denied.value.hint and not denied.value.retryable
    assert "wrong" not in repr(Credentials("AKIDNOBODY", "wrong"))


async def test_a_closed_road_is_a_transport_error() -> None:
    service = Bedrock(region="us-east-1", endpoint_url="http://127.0.0.1:9", credentials=Credentials("a", "b"))
    with pytest.raises(TransportError) as broken:
        await Conversation.connect(service=service)
    assert broken.value.code == "unreachable" and broken.value.status == 502


async def test_a_boto3_session_gives_keys_and_region(emulator: Emulator) -> None:
    boto3 = pytest.importorskip("boto3")
    keys = emulator.credentials
    session = boto3.Session(
        aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key, region_name="us-east-1"
    )
    service = Bedrock(endpoint_url=emulator.url, ca_bundle=emulator.ca_bundle, credentials=session)
    async with Conversation(service=service):
        assert service.region == "us-east-1" and service.connections == 1
    with pytest.raises(Misuse, match="no credentials"):
        Bedrock(credentials="AKID")  # type: ignore[arg-type]


async def test_the_library_logs_to_python(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="bedrock_nova"):
        async with ConversationPool(service=emulator.service(), conversations=1) as pool:
            await pool.open("ada", system="A secret prompt")
            with pytest.raises(LimitReached):
                await pool.open("ada")
            async with asyncio.timeout(20):
                while not [record for record in caplog.records if record.name.startswith("bedrock_nova.")]:
                    await asyncio.sleep(0.001)
            await pool.drain(0.0)
    assert 'a call was refused why="pool-full"' in caplog.text
    assert "secret prompt" not in caplog.text and emulator.credentials.secret_key not in caplog.text
