"""Holds a two-turn conversation through the official Python SDK.

    python talk.py ENDPOINT MODEL

AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and SSL_CERT_FILE come from the environment. Prints every event as one line of
JSON (audio as its length) and leaves with 1 if the conversation is not what it should be.
"""

import asyncio
import base64
import json
import math
import struct
import sys

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from aws_sdk_bedrock_runtime.models import (
    BidirectionalInputPayloadPart,
    InvokeModelWithBidirectionalStreamInputChunk,
    InvokeModelWithBidirectionalStreamOperationInput,
)
from smithy_http.aio.crt import AWSCRTHTTPClient

TURNS = 2
PIECE_MS = 32
RATE = 16000
PROMPT = {"promptName": "p-1"}
SYSTEM = PROMPT | {"contentName": "c-system"}
AUDIO = PROMPT | {"contentName": "c-audio"}


def piece(at: int, loudness: int) -> dict:
    count = RATE * PIECE_MS // 1000
    wave = (round(loudness * math.sin(math.tau * 330 * (at * count + i) / RATE)) for i in range(count))
    return {"audioInput": AUDIO | {"content": base64.b64encode(struct.pack(f"<{count}h", *wave)).decode()}}


def opening() -> list[dict]:
    text = {"mediaType": "text/plain"}
    lpcm = {"mediaType": "audio/lpcm", "sampleSizeBits": 16, "channelCount": 1, "audioType": "SPEECH", "encoding": "base64"}
    system = {"type": "TEXT", "interactive": False, "role": "SYSTEM", "textInputConfiguration": text}
    audio = {"type": "AUDIO", "interactive": True, "role": "USER"}
    return [
        {"sessionStart": {"inferenceConfiguration": {"maxTokens": 1024, "topP": 0.9, "temperature": 0.7}}},
        {
            "promptStart": PROMPT
            | {
                "textOutputConfiguration": text,
                "audioOutputConfiguration": lpcm | {"sampleRateHertz": 24000, "voiceId": "matthew"},
            }
        },
        {"contentStart": SYSTEM | system},
        {"textInput": SYSTEM | {"content": "Answer in one sentence."}},
        {"contentEnd": SYSTEM},
        {"contentStart": AUDIO | audio | {"audioInputConfiguration": lpcm | {"sampleRateHertz": RATE}}},
    ]


class Talk:
    def __init__(self, stream) -> None:
        self.stream = stream
        self.heard = {"transcripts": 0, "answers": 0, "audioBytes": 0, "completionEnd": 0}
        self.stage = ""

    async def say(self, event: dict) -> None:
        part = BidirectionalInputPayloadPart(bytes_=json.dumps({"event": event}).encode())
        await self.stream.input_stream.send(InvokeModelWithBidirectionalStreamInputChunk(value=part))

    async def speak(self) -> None:
        """Speaks for 1.6 s, then keeps silence until the answer is over; twice; then closes."""
        for event in opening():
            await self.say(event)
        at = 0
        for turn in range(1, TURNS + 1):
            for _ in range(50):
                await self.say(piece(at, 9000))
                at += 1
                await self.tick()
            while self.heard["answers"] < turn:
                await self.say(piece(at, 0))
                at += 1
                await self.tick()
        for event in ({"contentEnd": AUDIO}, {"promptEnd": PROMPT}, {"sessionEnd": {}}):
            await self.say(event)
        await self.stream.input_stream.close()

    async def listen(self) -> None:
        _, output = await self.stream.await_output()
        while (part := await output.receive()) is not None:
            if part.value is None or not hasattr(part.value, "bytes_"):
                raise RuntimeError(f"not a chunk: {type(part).__name__}")
            self.note(json.loads(part.value.bytes_)["event"])

    def note(self, event: dict) -> None:
        (name, body), *_ = event.items()
        if name == "contentStart":
            self.stage = f"{body['type']} {body['role']}"
        elif name == "textOutput" and self.stage == "TEXT USER":
            self.heard["transcripts"] += 1
        elif name == "audioOutput":
            self.heard["audioBytes"] += len(base64.b64decode(body["content"]))
            body = {"bytes": len(body["content"])}
        elif name == "contentEnd" and body["type"] == "AUDIO" and body["stopReason"] == "END_TURN":
            self.heard["answers"] += 1
        elif name == "completionEnd":
            self.heard["completionEnd"] += 1
        print(json.dumps({name: body}), flush=True)

    async def tick(self) -> None:
        """Four times real time: the emulator counts sound, not seconds."""
        await asyncio.sleep(PIECE_MS / 4000)


async def main(endpoint: str, model: str) -> None:
    # The default transport speaks HTTP/1.1 only and refuses a duplex operation.
    config = await AsyncBedrockRuntimeConfig.resolve(
        endpoint_uri=endpoint, region="us-east-1", transport=AWSCRTHTTPClient()
    )
    client = AsyncBedrockRuntimeClient(config=config)
    operation = InvokeModelWithBidirectionalStreamOperationInput(model_id=model)
    talk = Talk(await client.invoke_model_with_bidirectional_stream(operation))
    async with asyncio.timeout(90), asyncio.TaskGroup() as both:
        both.create_task(talk.speak())
        both.create_task(talk.listen())
    heard = talk.heard
    if (heard["transcripts"], heard["answers"], heard["completionEnd"]) != (TURNS, TURNS, 1) or heard["audioBytes"] < 10_000:
        raise RuntimeError(f"the conversation is not what it should be: {heard}")
    print(json.dumps({"ok": heard}), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:3]))
    except BaseException as error:  # whatever it is, the line is what the test reads
        print(json.dumps({"failed": repr(error)}), flush=True)
        sys.exit(1)
