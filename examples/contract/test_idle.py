"""A call that everybody has forgotten ends; one that somebody listens to does not."""

from server import Start
from talk import Client, eventually, refused


def test_a_forgotten_call_is_ended(start: Start) -> None:
    client = Client(start(SESSION_TIMEOUT=1).url)
    forgotten, heard, spoken = client.start(), client.start(), client.start()
    # A refused request must not hold a call either.
    client.http.post("/audio/chunk", json={"session_id": forgotten, "audio_data": "AAA=", "sample_rate": 8000})
    with client.events(heard) as stream, client.socket(spoken):
        stream.until("connected")
        eventually(lambda: client.get("/health")["live"] == 2 or None, "one call less")
        refused(client.http.get(f"/session/{forgotten}"), 404, "no-such-call")
        for session in (heard, spoken):
            assert client.get(f"/session/{session}")["status"] == "active"
    eventually(lambda: client.get("/health")["live"] == 0 or None, "nobody listens any more")
