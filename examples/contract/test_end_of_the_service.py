"""The service dies in the middle of calls: they say so, nothing else fails, and they go on when it is back."""

from pathlib import Path

import pytest
from emulator import Emulator, command
from server import Start
from talk import Client, eventually, refused

pytestmark = pytest.mark.skipif(command() is None, reason="needs the command bedrock-nova")


def test_calls_live_through_the_death_of_the_service(start: Start, tmp_path: Path) -> None:
    with Emulator(tmp_path, "--scenario", "long_answer", "--pace", "1") as emulator:
        client = Client(start(**emulator.environment).url)
        address = emulator.environment["BEDROCK_NOVA_ENDPOINT"]
        assert client.get("/health")["endpoint"] == address
        quiet, session = client.start(), client.start()
        client.post("/text", session_id=session, text="Tell me something about the sea.")
        with client.events(session) as stream:
            stream.until("audio_response")
            emulator.kill()
            told = stream.until("reconnecting")
            error = refused(client.http.post("/session/start", json={}), 502)
            assert error["kind"] == "transport" and error["retryable"]
            assert client.get("/health")["status"] == "ok"
            emulator.start()
            told += stream.until("renewed", reason="recovery")
            client.post("/text", session_id=session, text="Stop, that is enough.")
            told += stream.until("turnEnded", end="answered")
        ends = {message.data["turn"]: message.data["end"] for message in told if message.event == "turnEnded"}
        assert ends[1] == "lost", "an answer that had sounded is not given twice"
        client.end(eventually(lambda: client.start(), "a new call"))
        with client.events(quiet) as stream:
            stream.until("renewed", reason="recovery")
        client.end(quiet)
        client.end(session)
        assert client.get("/health")["live"] == 0
