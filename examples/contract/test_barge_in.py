"""The user speaks into an answer, and it stops."""

import pytest
from server import Start
from talk import Client, recording

#: Pieces of the answer, after which it is in full flow.
FLOOD = 20


@pytest.fixture(scope="module")
def talkative(start: Start) -> Client:
    """A model that talks for half a minute."""
    return Client(start(EMULATOR_SCENARIO="long_answer", EMULATOR_PACE=2).url)


def test_speech_stops_the_answer(talkative: Client) -> None:
    session = talkative.start()
    talkative.post("/text", session_id=session, text="Tell me something about the sea.")
    with talkative.events(session) as stream:
        for _ in range(FLOOD):
            stream.until("audio_response", turn=1)
        talkative.say(session, recording("stop"))
        interrupted = stream.until("interrupted")[-1].data
        assert interrupted["turn"] == 1 and interrupted["heard_ms"] > 0
        ended = stream.until("turnEnded", turn=1)
        after = ended + stream.until("turnEnded", turn=2)
    assert ended[-1].data["end"] == "interrupted"
    late = [message for message in after if message.event == "audio_response" and message.data["turn"] == 1]
    assert not late, "no sound of an answer that was stopped"
    lines = talkative.get(f"/session/{session}")["transcript"]
    answer = next(line["text"] for line in lines if line["role"] == "ASSISTANT")
    assert "nobody has ever seen all of it" not in answer, "what was not heard was not said"
    talkative.end(session)


def test_the_command_stops_it_too(talkative: Client) -> None:
    session = talkative.start()
    talkative.post("/text", session_id=session, text="Tell me something about the sea.")
    with talkative.events(session) as stream:
        stream.until("audio_response")
        talkative.post("/interrupt", session_id=session)
        stream.until("interrupted")
        assert stream.until("turnEnded")[-1].data["end"] == "interrupted"
    talkative.end(session)
