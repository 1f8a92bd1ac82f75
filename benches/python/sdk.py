"""Calls by hand on the official SDK for Python: the least that sends and hears audio on it.

`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `SSL_CERT_FILE` come from the environment.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

import shared
from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from aws_sdk_bedrock_runtime.models import (
    BidirectionalInputPayloadPart,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
)
from smithy_http.aio.crt import AWSCRTHTTPClient

MODEL = "amazon.nova-2-5-sonic"
PROMPT = "5f0a4c1e-6b1d-4f7e-9a53-0d5a8c0f2b11"
CONTENT = "0c9f1d3a-2b47-4a60-8f0e-7a1c5d9e3b22"
BEFORE = f'{{"event":{{"audioInput":{{"promptName":"{PROMPT}","contentName":"{CONTENT}","content":"'
AFTER = '"}}}'


async def say(stream: Any, text: str) -> None:
    """Send an event."""
    part = BidirectionalInputPayloadPart(bytes_=text.encode())
    await stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))


def event(chunk: bytearray, seq: int, due: int) -> str:
    """Make the event of a chunk."""
    shared.STAMP.pack_into(chunk, 0, shared.MARK, seq, due, monotonic_ns())
    return BEFORE + base64.b64encode(chunk).decode() + AFTER


async def speak(stream: Any, call: int) -> None:
    """Say 20 ms 50 times a second."""
    chunk = bytearray(shared.pcm(16_000, 20))
    pulse = shared.Pulse(call)
    while True:
        seq, due = await pulse.next()
        await say(stream, event(chunk, seq, due))


async def read_out(stream: Any) -> None:
    """Say 1 KiB after 1 KiB as fast as the SDK takes it."""
    chunk = bytearray(shared.pcm(16_000, 32))
    seq = 0
    while True:
        await say(stream, event(chunk, seq, monotonic_ns()))
        seq += 1


async def listen(stream: Any, hear: Callable[[bytes], None]) -> None:
    """Hear every piece."""
    _, output = await stream.await_output()
    while (part := await output.receive()) is not None:
        said = json.loads(part.value.bytes_)["event"].get("audioOutput")
        if said is not None:
            hear(base64.b64decode(said["content"]))


async def main() -> None:
    """Open the calls over one client."""
    # The default transport speaks HTTP/1.1 only and refuses a duplex operation.
    config = await AsyncBedrockRuntimeConfig.resolve(
        endpoint_uri=words.join[0], region="us-east-1", transport=AWSCRTHTTPClient()
    )
    client = AsyncBedrockRuntimeClient(config=config)
    books = shared.Books()
    asked = shared.Asked(words, books)
    opened = 0

    async def open_calls(count: int) -> None:
        nonlocal opened
        for _ in range(count):
            operation = InvokeModelWithBidirectionalStreamOperationInput(model_id=MODEL)
            stream = await client.invoke_model_with_bidirectional_stream(operation)
            await say(stream, '{"event":{"sessionStart":{}}}')
            asked.start(speak(stream, opened) if words.speech == "live" else read_out(stream))
            asked.start(listen(stream, books.ear()))
            opened += 1

    await asked.run(open_calls)


if __name__ == "__main__":
    words = shared.read_words()
    shared.run(main(), words.loop)
