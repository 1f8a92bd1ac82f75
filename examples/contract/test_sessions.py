"""Opening, looking at and ending calls."""

from datetime import UTC, datetime

import pytest
from talk import Client, refused

LOOK = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}


def test_a_call_begins_with_nothing_said(client: Client) -> None:
    began = client.post("/session/start")
    session = began["session_id"]
    assert began["status"] == "active"
    created = datetime.fromisoformat(began["created_at"])
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60
    state = client.get(f"/session/{session}")
    assert {name: state[name] for name in began} == began
    assert (state["turns"], state["transcript"]) == (0, [])
    assert set(state["usage"]) == {"tokens", "cost_usd", "seconds"}
    assert set(state["usage"]["tokens"]) == {"speech_in", "text_in", "speech_out", "text_out"}
    assert datetime.fromisoformat(state["last_activity"]) >= created
    assert client.end(session)["status"] == "ended"


def test_a_body_may_be_left_out(client: Client) -> None:
    answer = client.http.post("/session/start")
    assert answer.status_code == 200, answer.text
    client.end(answer.json()["session_id"])


def test_everything_of_a_call_can_be_chosen(client: Client) -> None:
    session = client.start(
        system_prompt="You are friendly.",
        voice="matthew",
        model="amazon.nova-2-5-sonic",
        temperature=0.5,
        top_p=0.8,
        max_tokens=500,
        turn_detection="high",
        input_sample_rate=8000,
        output_sample_rate=16000,
        tools=[LOOK],
        tool_choice="auto",
        history=[{"role": "USER", "text": "I am Ann."}, {"role": "ASSISTANT", "text": "Hello Ann."}],
    )
    lines = client.get(f"/session/{session}")["transcript"]
    assert [(line["role"], line["text"]) for line in lines] == [("USER", "I am Ann."), ("ASSISTANT", "Hello Ann.")]
    client.end(session)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"temperature": 2}, "temperature"),
        ({"model": ""}, "model"),
        ({"voice": ""}, "voice"),
        ({"system_prompt": ""}, "system_prompt"),
        ({"top_p": -1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"turn_detection": "sometimes"}, "turn_detection"),
        ({"input_sample_rate": 44100}, "input_sample_rate"),
        ({"history": [{"role": "TOOL", "text": "x"}]}, "history"),
        ({"tools": [{"name": "look"}]}, "tools"),
        ({"sytem_prompt": "a misspelt field"}, "sytem_prompt"),
    ],
)
def test_what_is_wrong_is_named(client: Client, body: dict[str, object], field: str) -> None:
    error = refused(client.http.post("/session/start", json=body), 400)
    assert error["kind"] == "invalid" and field in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"voice": "nobody"},
        {"tool_choice": "nobody"},
        {"tools": [LOOK, LOOK]},
        {"model": "amazon.nova-17-sonic"},
        {"snapshot": {"snapshot": 99}},
        {"snapshot": {"snapshot": 1}, "voice": "tiffany"},
        {"tools": [LOOK | {"input_schema": {"type": "string"}}]},
    ],
)
def test_what_the_call_or_the_service_refuses_is_a_bad_request(client: Client, body: dict[str, object]) -> None:
    assert refused(client.http.post("/session/start", json=body), 400)["kind"] == "invalid"


def test_a_call_that_was_ended_is_not_there(client: Client) -> None:
    session = client.start()
    client.post("/text", session_id=session, text="What can you do for me?")
    ended = client.end(session)
    assert (ended["session_id"], ended["status"], ended["reason"]) == (session, "ended", "finished")
    assert ended["usage"]["tokens"]["text_in"] > 0, "the answer was owed, and what it used is in"
    refused(client.http.delete(f"/session/{session}"), 404, "no-such-call")
    refused(client.http.get(f"/session/{session}"), 404, "no-such-call")


def test_a_call_goes_on_from_what_was_written_down(client: Client) -> None:
    first = client.start(system_prompt="You are friendly.")
    client.post("/text", session_id=first, text="What can you do for me?")
    with client.events(first) as stream:
        stream.until("turnEnded")
    written = client.get(f"/session/{first}/snapshot")
    client.end(first)
    second = client.start(snapshot=written)
    assert second != first
    lines = client.get(f"/session/{second}")["transcript"]
    assert lines[0] == {"turn": 1, "role": "USER", "text": "What can you do for me?"}
    client.end(second)


def test_whoever_looks_at_a_call_that_is_not_there(client: Client) -> None:
    for session in ("nobody", "0" * 32 + "-" + "0" * 16):
        refused(client.http.get(f"/session/{session}"), 404, "no-such-call")
        refused(client.http.get(f"/session/{session}/snapshot"), 404, "no-such-call")
        refused(client.http.delete(f"/session/{session}"), 404, "no-such-call")
