"""What the wheels must show where nothing else is installed: a question, and an answer that sounds.

`cargo xtask dist` runs it with every Python of the machine.
"""

import asyncio
import importlib.metadata
import subprocess
import sys

from bedrock_nova import AssistantAudio, Closed, Conversation, TurnEnded, __version__
from bedrock_nova.testing import Emulator


async def main() -> None:
    """Hold a conversation with the emulator."""
    for package in ("bedrock-nova", "bedrock-nova-cli"):
        assert importlib.metadata.version(package) == __version__, package
    needs = importlib.metadata.requires("bedrock-nova") or []
    assert all("extra ==" in need for need in needs), f"nothing is needed beside the wheel: {needs}"
    sound, ended = 0.0, None
    async with (
        asyncio.timeout(60),
        Emulator(pace=40, strict=True) as emulator,
        Conversation(service=emulator.service(), system="Answer in one sentence.") as talk,
    ):
        await talk.send_text("Hello, who are you?")
        async for event in talk:
            match event:
                case AssistantAudio():
                    sound += event.duration
                case TurnEnded():
                    talk.finish()
                case Closed():
                    ended = event
    assert ended is not None and ended.error is None, ended
    assert sound > 0.5, f"an answer of {sound} s"
    print(f"Python {sys.version.split()[0]}: bedrock-nova {__version__} answered, {sound:.1f} s of sound")


def check_that_no_rust_is_here() -> None:
    """Fail where this could have been compiled by the way."""
    for name in ("cargo", "rustc", "maturin"):
        try:
            subprocess.run([name, "--version"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        raise AssertionError(f"{name} is on the path, so this shows nothing")


check_that_no_rust_is_here()
asyncio.run(main())
