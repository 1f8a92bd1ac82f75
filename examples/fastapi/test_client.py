#!/usr/bin/env python3
"""One round trip with the voice backend: a question goes up, the answer comes down and is saved.

    python test_client.py [FILE.wav] [--url http://localhost:8000] [--token TOKEN]

Without a file it says the bundled question. A file is 16-bit mono at 8, 16 or 24 kHz.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx

HERE = Path(__file__).parent
QUESTION = HERE / "sounds" / "question.wav"
#: Samples of one request: 64 ms at 16 kHz.
CHUNK = 1024
#: With the bundled question: as much, silence included.
SIMULATED_SECONDS = 2.0
#: After an answer, so long without news means that there is nothing more to wait for.
QUIET_SECONDS = 2.0
#: Nothing at all for so long is a failure.
PATIENCE_SECONDS = 30.0
RULE = "=" * 40

#: Names and bodies of server-sent events, in order.
Messages: TypeAlias = "asyncio.Queue[tuple[str, dict[str, Any]]]"


@dataclass
class Sound:
    """What is said."""

    name: str
    rate: int
    pcm: bytes

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate


@dataclass
class Heard:
    """What came back."""

    audio: bytearray = field(default_factory=bytearray)
    rate: int = 24000
    #: The newest version of each line, by its number.
    lines: dict[int, tuple[str, str]] = field(default_factory=dict)
    answered: bool = False

    def take(self, event: str, body: dict[str, Any]) -> None:
        """Prints and keeps one message."""
        match event:
            case "content_start":
                print(f"--- Content Start ({body['role']}) ---")
            case "transcript":
                self.line(body["item"], body["role"], body["text"])
            case "audio_response":
                pcm = base64.b64decode(body["audio"])
                self.audio += pcm
                self.rate = body["sample_rate"]
                print(f"   Audio chunk received: {len(pcm)} bytes")
            case "content_end":
                print("--- Content End ---\n")
            case "turnEnded":
                self.answered = True
            case "interrupted":
                print(f"--- Interrupted after {body['heard_ms'] / 1000:.1f}s ---")
            case "error":
                print(f"✗ {body['message']} {body.get('hint') or ''}")

    def line(self, item: int, role: str, text: str) -> None:
        """Prints what is new in a line: it grows sentence by sentence, and comes once more as it was spoken."""
        before = self.lines.get(item, ("", ""))[1]
        self.lines[item] = (role, text)
        if text.startswith(before) and text[len(before) :].strip():
            print(f"[{role}]: {text[len(before) :].strip()}")


async def main() -> None:
    options = arguments()
    headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    sound = load(options.file) if options.file else simulated()
    print(f"\n{RULE}\nAI Demo 3 - Nova Sonic Test Client\n{RULE}\n")
    async with httpx.AsyncClient(base_url=options.url, headers=headers, timeout=PATIENCE_SECONDS) as server:
        session = await start(server, sound.rate)
        try:
            # It listens while it speaks: what nobody has heard, the next question would cut off.
            async with server.stream("GET", f"/events/stream/{session}") as answer:
                messages: Messages = asyncio.Queue()
                reading = asyncio.create_task(read(answer, messages))
                await say(server, session, sound)
                heard = await listen(messages)
                reading.cancel()
            save(session, heard)
            show(await ask(server, "GET", f"/session/{session}"))
        finally:
            print(f"\nEnding session {session[:13]}...")
            await ask(server, "DELETE", f"/session/{session}")
            print("✓ Session ended\n")
    if not heard.answered:
        sys.exit("✗ There was no answer.")
    print(f"{RULE}\n✓ Test completed successfully!\n{RULE}")


async def start(server: httpx.AsyncClient, rate: int) -> str:
    session = await ask(server, "POST", "/session/start", {"input_sample_rate": rate})
    print(f"✓ Session started: {session['session_id'][:13]}...")
    print(f"  Status: {session['status']}")
    print(f"  Created: {session['created_at']}\n")
    return str(session["session_id"])


async def say(server: httpx.AsyncClient, session: str, sound: Sound) -> None:
    """Sends everything at once; the server takes it in real time."""
    print(f"Sending {sound.seconds:.1f}s of {sound.name}...")
    for at in range(0, len(sound.pcm), 2 * CHUNK):
        piece = base64.b64encode(sound.pcm[at : at + 2 * CHUNK]).decode()
        chunk = {"session_id": session, "audio_data": piece, "format": "pcm", "sample_rate": sound.rate, "channels": 1}
        await ask(server, "POST", "/audio/chunk", chunk)
    print(f"✓ {sound.name.capitalize()} sent\n\nEnding audio input...")
    await ask(server, "POST", "/audio/end", {"session_id": session})
    print("✓ Audio input ended\n")


async def listen(messages: Messages) -> Heard:
    """Takes everything since the beginning of the call, until nothing more comes."""
    print("=== Streaming Events ===\nListening for responses from Nova Sonic...\n")
    heard = Heard()
    event = ""
    while event != "done":
        patience = QUIET_SECONDS if heard.answered else PATIENCE_SECONDS
        try:
            event, body = await asyncio.wait_for(messages.get(), patience)
        except TimeoutError:
            break
        heard.take(event, body)
    return heard


async def read(answer: httpx.Response, messages: Messages) -> None:
    """Reads server-sent events."""
    event = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            messages.put_nowait((event, json.loads(value)))


async def ask(server: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request; a failure ends the client with the server's own words."""
    answer = await server.request(method, path, json=body)
    content: dict[str, Any] = answer.json()
    if answer.is_success:
        return content
    error = content["error"]
    what = f"{error['code']}: {error['message']} {error['hint'] or ''}"
    sys.exit(f"✗ {method} {path} answered {answer.status_code} {what}")


def save(session: str, heard: Heard) -> None:
    folder = Path("output")
    folder.mkdir(exist_ok=True)
    raw = folder / f"response_{session[:8]}.raw"
    raw.write_bytes(heard.audio)
    with wave.open(str(raw.with_suffix(".wav")), "wb") as file:
        file.setparams((1, 2, heard.rate, 0, "NONE", ""))
        file.writeframes(heard.audio)
    print(f"✓ Audio response saved: {raw}")
    print(f"  Format: PCM, {heard.rate // 1000}kHz, mono, 16-bit")
    print(f"  Total size: {len(heard.audio)} bytes")
    words = folder / f"transcript_{session[:8]}.txt"
    words.write_text("".join(f"[{role}]: {text}\n" for role, text in heard.lines.values() if text))
    print(f"✓ Transcript saved: {words}\n")


def show(state: dict[str, Any]) -> None:
    used, cost = state["usage"]["tokens"], state["usage"]["cost_usd"]
    print("=== Session Info ===")
    print(f"Session ID: {state['session_id'][:13]}...")
    print(f"Status: {state['status']}")
    print(f"Created: {state['created_at']}")
    print(f"Turns: {state['turns']}")
    print(f"Tokens: {sum(used.values())}")
    print(f"Cost: {'unknown' if cost is None else '$' + cost}")


def simulated() -> Sound:
    question = load(QUESTION)
    silence = bytes(max(0, int(2 * question.rate * SIMULATED_SECONDS) - len(question.pcm)))
    return Sound("simulated audio", question.rate, question.pcm + silence)


def load(path: Path) -> Sound:
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2) or file.getframerate() not in (8000, 16000, 24000):
                sys.exit(f"✗ {path} is not 16-bit mono at 8, 16 or 24 kHz: ffmpeg -i {path} -ac 1 -ar 16000 new.wav")
            return Sound(path.name, file.getframerate(), file.readframes(file.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        sys.exit(f"✗ {path}: {error}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="One round trip with the voice backend.")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE.wav", help="what to say")
    parser.add_argument("--url", default=os.environ.get("BACKEND_URL", "http://localhost:8000"))
    parser.add_argument("--token", default=os.environ.get("BACKEND_TOKEN", ""))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except httpx.ConnectError:
        sys.exit(f"✗ Nobody answers at {arguments().url}: start the server with ./run.sh, or give --url.")
