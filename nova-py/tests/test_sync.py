"""Scripts without an event loop."""

from __future__ import annotations

import contextvars
import threading

import pytest

from bedrock_nova import AssistantAudio, Bedrock, Closed, Misuse, SyncConversation, Transcript, TurnEnded, tool
from bedrock_nova.testing import Emulator

caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller")


def test_a_script_asks_and_hears(service: Bedrock) -> None:
    sound, lines = 0, {}
    with SyncConversation(service=service, system="Be short.") as talk:
        talk.send_text("What can you do?")
        for event in talk:
            match event:
                case AssistantAudio(pcm=pcm):
                    sound += len(pcm)
                case Transcript(item=item, text=text):
                    lines[item] = text
                case TurnEnded():
                    assert talk.usage().tokens.text_in > 0
                    assert talk.stats().sessions == 1
                    assert talk.snapshot().history[0].text == "What can you do?"
                    talk.finish()
                case Closed(reason=reason):
                    assert reason == "finished"
        assert talk.closed().reason == "finished"
    assert sound > 24_000 and len(lines) == 2
    assert not [thread for thread in threading.enumerate() if "SyncConversation" in thread.name]
    with pytest.raises(Misuse, match="not open"):
        talk.send_text("Still there?")


def test_a_failure_to_open_leaves_no_thread(service: Bedrock) -> None:
    with pytest.raises(ValueError, match="temperature"), SyncConversation(service=service, temperature=9.0):
        pass
    assert not [thread for thread in threading.enumerate() if "SyncConversation" in thread.name]


def test_tools_see_the_context_and_may_not_wait_for_their_own_call(tools_emulator: Emulator) -> None:
    seen: list[str] = []

    @tool(name="get_weather")
    async def weather(city: str) -> dict[str, int]:
        """Tell the weather."""
        seen.append(caller.get())
        with pytest.raises(Misuse, match="never end"):
            talk.usage()
        return {"temperature": 11}

    caller.set("Ada")
    with SyncConversation(service=tools_emulator.service(), tools=[weather]) as talk:
        talk.send_text("What is the weather in Oslo?")
        for event in talk:
            if isinstance(event, TurnEnded):
                break
    assert seen == ["Ada"]
