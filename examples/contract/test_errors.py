"""Failures have one form, wherever they come from."""

from pathlib import Path

import pytest
from server import Start
from talk import Client, b64, refused


@pytest.mark.parametrize("content", ["{", "[1]", "null", '"text"', ""])
def test_a_body_that_is_none(client: Client, content: str) -> None:
    answer = client.http.post("/text", content=content, headers={"content-type": "application/json"})
    assert refused(answer, 400, "request")["kind"] == "invalid"


def test_a_body_that_says_it_is_something_else(client: Client) -> None:
    answer = client.http.post("/text", content='{"session_id":"a","text":"b"}', headers={"content-type": "text/plain"})
    refused(answer, 400, "request")


def test_a_body_that_is_too_large(client: Client) -> None:
    body = {"session_id": "a", "audio_data": b64(bytes(8 << 20))}
    refused(client.http.post("/audio/chunk", json=body), 413, "body-too-large")


def test_a_body_that_does_not_say_that_it_is_too_large(client: Client) -> None:
    pieces = (b" " * (1 << 16) for _ in range(200))
    answer = client.http.post("/text", content=pieces, headers={"content-type": "application/json"})
    refused(answer, 413, "body-too-large")


def test_a_path_that_is_not_there(client: Client) -> None:
    refused(client.http.get("/nowhere"), 404, "no-such-route")


def test_a_method_that_is_not_there(client: Client) -> None:
    refused(client.http.put("/text", json={}), 405, "method")


def test_nothing_of_a_body_is_repeated(client: Client) -> None:
    answer = client.http.post("/text", json={"session_id": "a", "text": ["a secret"]})
    refused(answer, 400)
    assert "secret" not in answer.text


def test_a_model_that_has_reached_its_end_names_the_next(start: Start) -> None:
    scenario = Path(__file__).parent / "scenarios" / "retired.json"
    retired = Client(start(EMULATOR_SCENARIO=scenario).url)
    error = refused(retired.http.post("/session/start", json={"model": "amazon.nova-sonic-v1:0"}), 400)
    assert error["kind"] == "modelRetired" and "sonic" in error["hint"]
