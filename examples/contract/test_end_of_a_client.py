"""A client dies in the middle of its calls: nothing is left of it, and everybody else is served."""

import signal
import subprocess
import sys

from server import Start
from talk import Client, eventually

CALLS = 3

#: Opens calls, listens to each over a stream and a socket, and dies of nothing by itself.
PROGRAM = """
import json, sys, threading
import httpx
from websockets.sync.client import connect

url = sys.argv[1]
http = httpx.Client(base_url=url, timeout=60)
sessions = [http.post("/session/start", json={}).json()["session_id"] for _ in range(int(sys.argv[2]))]
heard = threading.Barrier(2 * len(sessions) + 1)

def stream(session):
    with http.stream("GET", f"/events/stream/{session}", params={"player": False}) as answer:
        for line in answer.iter_lines():
            if line == "event: audio_response":
                heard.wait()
                threading.Event().wait()

def socket(session):
    with connect(f"{url.replace('http', 'ws', 1)}/ws/{session}", max_size=None) as connection:
        connection.send(json.dumps({"type": "text", "text": "What can you do for me?"}))
        for message in connection:
            if json.loads(message)["type"] == "audio":
                heard.wait()
                threading.Event().wait()

for session in sessions:
    threading.Thread(target=stream, args=[session], daemon=True).start()
    threading.Thread(target=socket, args=[session], daemon=True).start()
heard.wait()
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_client_that_is_killed_is_forgotten(start: Start) -> None:
    client = Client(start(SESSION_TIMEOUT=1).url)
    session = client.start()
    with client.events(session) as stream:
        doomed = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, client.url, str(CALLS)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert doomed.stdout is not None
            assert doomed.stdout.readline() == "ready\n"
            assert client.get("/health")["live"] == CALLS + 1
        finally:
            doomed.send_signal(signal.SIGKILL)
            doomed.wait()
        # Its calls end when nobody has held them for a while; the one that is listened to stays.
        eventually(lambda: client.get("/health")["live"] == 1 or None, "the end of the calls that nobody holds")
        client.post("/text", session_id=session, text="What can you do for me?")
        assert stream.until("turnEnded")[-1].data["end"] == "answered"
    client.end(session)
