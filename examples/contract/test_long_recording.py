"""A minute of speech, handed over at once and read afterwards."""

import httpx
import pytest
from talk import DEADLINE, Client, b64, recording, succeeded

MINUTE = 60.0
RATE = 16000


def test_a_minute_at_once_loses_nothing(client: Client, session: str, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("takes a minute: give --long")
    question = recording("question")
    speech = (question * 60)[: int(MINUTE * RATE) * 2]
    body = {"session_id": session, "audio_data": b64(speech), "format": "pcm", "sample_rate": RATE, "channels": 1}
    answer = client.http.post("/audio/chunk", json=body, timeout=httpx.Timeout(MINUTE + DEADLINE))
    assert succeeded(answer)["duration_ms"] == MINUTE * 1000
    client.post("/audio/end", session_id=session)
    with client.events(session) as stream:
        messages = stream.until("turnEnded", end="answered")
    assert not [message for message in messages if message.event in ("inputDropped", "gap")]
    began = next(message.data["offsetMs"] for message in messages if message.event == "userSpeechStarted")
    ended = [message.data["offsetMs"] for message in messages if message.event == "userSpeechEnded"][-1]
    assert began < 200 and MINUTE * 1000 - 1000 < ended <= MINUTE * 1000, (began, ended)
