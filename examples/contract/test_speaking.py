"""What a client says: audio, text, results of tools, interruptions."""

import pytest
from server import Start
from talk import DEADLINE, SILENCE, Client, b64, names, recording, refused


def test_a_question_is_answered(client: Client, session: str) -> None:
    """In the order of a client that speaks first and listens afterwards: nothing is missed."""
    client.say(session, recording("question"))
    client.post("/audio/end", session_id=session)
    with client.events(session) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        messages = stream.until("turnEnded")
    order = names(messages)
    assert order[0] == "connected", "it begins at the beginning"
    spoken = [message.data for message in messages if message.event == "audio_response"]
    assert spoken and all(
        (piece["format"], piece["sample_rate"], piece["channels"]) == ("pcm", 24000, 1) for piece in spoken
    )
    assert order.index("content_start") < order.index("audio_response") < order.index("content_end")
    roles = [message.data["role"] for message in messages if message.event == "transcript"]
    assert roles[0] == "USER" and "ASSISTANT" in roles
    assert messages[-1].data["end"] == "answered"


def test_silence_alone_is_taken_and_not_answered(client: Client, session: str) -> None:
    """The chunk of the brief: 2048 zeros."""
    body = {"session_id": session, "audio_data": b64(SILENCE), "format": "pcm", "sample_rate": 16000, "channels": 1}
    assert client.post("/audio/chunk", **body) == {"status": "ok", "duration_ms": 64.0}
    client.post("/text", session_id=session, text="What can you do for me?")
    with client.events(session) as stream:
        turns = {message.data.get("turn") for message in stream.until("turnEnded") if "turn" in message.data}
    assert turns == {1}, "the silence is no turn"


def test_audio_that_is_sent_at_once_is_taken_in_order(client: Client, session: str) -> None:
    body = {"session_id": session, "audio_data": b64(recording("question") + bytes(32000))}
    assert client.post("/audio/chunk", **body)["duration_ms"] > 2000
    with client.events(session) as stream:
        stream.until("turnEnded", end="answered")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"audio_data": "?"}, "audio_data"),
        ({"audio_data": b64(b"\0")}, "audio_data"),
        ({"audio_data": ""}, "audio_data"),
        ({"audio_data": 5}, "audio_data"),
        ({"format": "mp3"}, "format"),
        ({"sample_rate": 44100}, "sample_rate"),
        ({"sample_rate": 8000}, "sample_rate"),
        ({"channels": 2}, "channels"),
        ({"sampel_rate": 16000}, "sampel_rate"),
    ],
)
def test_a_chunk_is_checked(client: Client, session: str, change: dict[str, object], field: str) -> None:
    body = {"session_id": session, "audio_data": b64(SILENCE), "format": "pcm", "sample_rate": 16000, "channels": 1}
    error = refused(client.http.post("/audio/chunk", json=body | change), 400)
    assert field in error["message"]


def test_typed_text_is_answered_aloud(client: Client, session: str) -> None:
    client.post("/text", session_id=session, text="What can you do for me?")
    with client.events(session) as stream:
        messages = stream.until("turnEnded")
    assert "audio_response" in names(messages)
    user = next(message.data for message in messages if message.event == "transcript")
    assert (user["role"], user["text"]) == ("USER", "What can you do for me?")


def test_what_was_heard_decides_what_an_interrupted_answer_was(client: Client, session: str) -> None:
    client.post("/text", session_id=session, text="Hello, who are you?")
    with client.events(session, player=False) as stream:
        stream.until("audio_response")
        client.post("/played", session_id=session, turn=1, position_ms=0)
        client.post("/interrupt", session_id=session)
        interrupted = stream.until("interrupted", turn=1)[-1].data
        assert interrupted["heard_ms"] < 1000
        assert stream.until("turnEnded", turn=1)[-1].data["end"] == "interrupted"


def test_the_block_of_audio_may_be_closed(start: Start) -> None:
    """With AUDIO_END=close: what was said is answered, and so is what is said afterwards."""
    client = Client(start(AUDIO_END="close").url)
    session = client.start()
    with client.events(session) as stream:
        for turn in (1, 2):
            client.say(session, recording("question") + 32 * SILENCE)
            client.post("/audio/end", session_id=session)
            assert stream.until("turnEnded")[-1].data["turn"] == turn
    with client.socket(session) as socket:
        socket.send('{"type":"audioEnd"}')
        socket.send('{"type":"text","text":"And what else?"}')
        while '"turnEnded","turn":3' not in str(socket.recv(timeout=DEADLINE)):
            pass
    client.end(session)


@pytest.fixture(scope="module")
def with_tools(start: Start) -> Client:
    return Client(start(EMULATOR_SCENARIO="tools").url)


WEATHER = {
    "name": "get_weather",
    "description": "Tells the temperature in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def test_a_client_runs_its_own_tools(with_tools: Client) -> None:
    session = with_tools.start(tools=[WEATHER])
    with_tools.post("/text", session_id=session, text="What is the weather in Oslo?")
    with with_tools.events(session) as stream:
        asked = stream.until("tool_use")[-1].data
        assert (asked["name"], asked["arguments"]) == ("get_weather", {"city": "Oslo"})
        with_tools.post("/tool/result", session_id=session, id=asked["id"], result={"temperature": 11})
        told = [message.data["text"] for message in stream.until("turnEnded") if message.event == "transcript"]
        assert any("11 degrees" in text for text in told), told
        again = {"session_id": session, "id": asked["id"], "result": 1}
        assert refused(with_tools.http.post("/tool/result", json=again), 409)["kind"] == "misuse"
    with_tools.end(session)


def test_a_tool_may_fail(with_tools: Client) -> None:
    session = with_tools.start(tools=[WEATHER])
    with_tools.post("/text", session_id=session, text="What is the weather in Oslo?")
    with with_tools.events(session) as stream:
        asked = stream.until("tool_use")[-1].data
        with_tools.post("/tool/result", session_id=session, id=asked["id"], error="No station answers.")
        told = [message.data["text"] for message in stream.until("turnEnded") if message.event == "transcript"]
        assert any("could not" in text for text in told), told
    with_tools.end(session)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/audio/chunk", {"audio_data": b64(SILENCE)}),
        ("/audio/end", {}),
        ("/text", {"text": "Hello?"}),
        ("/interrupt", {}),
        ("/played", {"turn": 1, "position_ms": 10}),
        ("/tool/result", {"id": "a", "result": 1}),
        ("/ticket", {}),
    ],
)
def test_nobody_speaks_in_a_call_that_is_not_there(client: Client, path: str, body: dict[str, object]) -> None:
    refused(client.http.post(path, json={"session_id": "nobody", **body}), 404, "no-such-call")
    refused(client.http.post(path, json=body), 400, "request")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/text", {"text": ""}),
        ("/text", {"text": 5}),
        ("/played", {"turn": -1, "position_ms": 0}),
        ("/played", {"turn": 1, "position_ms": -1}),
        ("/tool/result", {"id": "a"}),
        ("/tool/result", {"id": "a", "result": 1, "error": "both"}),
        ("/interrupt", {"now": True}),
    ],
)
def test_bodies_are_checked(client: Client, session: str, path: str, body: dict[str, object]) -> None:
    refused(client.http.post(path, json={"session_id": session, **body}), 400, "request")
