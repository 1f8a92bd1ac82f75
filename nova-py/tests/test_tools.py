"""Tools: schemas from hints, arguments back, and what happens around a call."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import pytest

from bedrock_nova import Closed, Conversation, Misuse, OfferedTool, ToolCall, ToolDone, Transcript, TurnEnded, tool
from bedrock_nova._signature import WrongArgument, read
from bedrock_nova.testing import Emulator

SOON = 20.0
caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="nobody")


class Unit(enum.Enum):
    C = "celsius"
    F = "fahrenheit"


@dataclass
class Place:
    city: str
    floor: int = 0


class Wish(TypedDict, total=False):
    note: str


def test_a_schema_comes_from_hints_and_docstring() -> None:
    @tool(name="forecast", deadline=2.5, at_once=1, on_interrupt="cancel", idempotent=True, filler="Say wait.")
    def weather(
        city: Annotated[str, "Where."],
        days: int = 1,
        unit: Unit = Unit.C,
        kind: Literal["short", "long"] = "short",
        places: Sequence[Place] = (),
        notes: dict[str, float] | None = None,
        wish: Wish | None = None,
    ) -> str:
        """Tell the weather
        of some days.

        Args:
            city: Not used, since the hint says it.
            days: How many
                days.

        Returns:
            Words.
        """
        return city

    shape = weather.to_json()
    assert shape["name"] == "forecast" and shape["description"] == "Tell the weather of some days."
    assert shape["runBy"] == "handler"
    assert shape["contract"] == {
        "onInterrupt": "cancel",
        "effect": "idempotent",
        "deadline": {"secs": 2, "nanos": 500_000_000},
        "atOnce": 1,
        "filler": {"text": "Say wait."},
    }
    assert shape["schema"]["required"] == ["city"]
    properties = shape["schema"]["properties"]
    assert properties["city"] == {"description": "Where.", "type": "string"}
    assert properties["days"] == {"description": "How many days.", "type": "integer"}
    assert properties["unit"] == {"type": "string", "enum": ["celsius", "fahrenheit"]}
    assert properties["kind"] == {"type": "string", "enum": ["short", "long"]}
    assert properties["places"]["items"]["required"] == ["city"]
    assert properties["notes"] == {"type": "object", "additionalProperties": {"type": "number"}}
    assert properties["wish"] == {"type": "object", "properties": {"note": {"type": "string"}}}
    assert weather("Oslo") == "Oslo"


def test_arguments_become_what_the_function_takes() -> None:
    def take(place: Place, unit: Unit, count: int, ratio: float, names: set[str], maybe: int | None = None) -> None:
        """Take."""

    given = read(take).arguments(
        {"place": {"city": "Oslo"}, "unit": "celsius", "count": 3.0, "ratio": 1, "names": ["a"], "maybe": None}
    )
    assert given == {"place": Place("Oslo"), "unit": Unit.C, "count": 3, "ratio": 1.0, "names": {"a"}, "maybe": None}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "count is missing"),
        ({"count": "three"}, "count must be a whole number"),
        ({"count": True}, "count must be a whole number"),
        ({"count": 1, "unit": "kelvin"}, "unit must be one of celsius, fahrenheit"),
        ({"count": 1, "place": {}}, "place.city is missing"),
        ({"count": 1, "place": {"city": 7}}, "place.city must be a string"),
        ({"count": 1, "other": 1}, "there is no argument other"),
    ],
)
def test_wrong_arguments_are_told_to_the_model(arguments: dict[str, Any], sentence: str) -> None:
    def take(count: int, unit: Unit = Unit.C, place: Place | None = None) -> None:
        """Take."""

    with pytest.raises(WrongArgument, match=sentence):
        read(take).arguments(arguments)


def test_what_cannot_be_a_tool_is_refused_at_once() -> None:
    def silent(city: str) -> None: ...

    def strange(city: threading.Thread) -> None:
        """Do."""

    def loose(*cities: str) -> None:
        """Do."""

    for function, word in ((silent, "docstring"), (strange, "Thread"), (loose, r"\*cities")):
        with pytest.raises(Misuse, match=word):
            tool(function)
    with pytest.raises(Misuse, match="no function"):
        Conversation(tools=[7])  # type: ignore[list-item]
    with pytest.raises(Misuse, match="two tools"):
        Conversation(tools=[OfferedTool("a", "b", {}), OfferedTool("a", "b", {})])


def test_pydantic_models_are_taken_and_inlined() -> None:
    import pydantic

    class Inner(pydantic.BaseModel):
        floor: int

    class Outer(pydantic.BaseModel):
        inner: Inner
        name: str = pydantic.Field(description="Who.")

    def take(outer: Any) -> Any:
        """Take."""

    take.__annotations__["outer"] = Outer
    found = read(take)
    assert "$ref" not in json.dumps(found.schema) and found.schema["properties"]["outer"]["required"] == [
        "inner",
        "name",
    ]
    assert found.arguments({"outer": {"inner": {"floor": 1}, "name": "a"}})["outer"].inner.floor == 1
    with pytest.raises(WrongArgument, match="outer"):
        found.arguments({"outer": {"inner": {"floor": "x"}, "name": "a"}})


async def asked(talk: Conversation) -> list[Any]:
    seen: list[Any] = []
    async with asyncio.timeout(SOON):
        await talk.send_text("What is the weather in Oslo?")
        async for event in talk:
            seen.append(event)
            if isinstance(event, TurnEnded):
                return seen
    return seen


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_a_function_is_run_with_the_context_of_the_call(tools_emulator: Emulator, kind: str) -> None:
    here = threading.get_ident()
    seen: list[Any] = []

    async def later(city: str) -> dict[str, Any]:
        """Tell the weather."""
        seen.append((city, caller.get(), threading.get_ident() == here))
        return {"temperature": 11}

    def at_once(city: str) -> dict[str, Any]:
        """Tell the weather."""
        seen.append((city, caller.get(), threading.get_ident() == here))
        return {"temperature": 11}

    caller.set("Ada")
    weather = tool(name="get_weather")(later if kind == "async" else at_once)
    async with Conversation(service=tools_emulator.service(), tools=[weather]) as talk:
        caller.set("somebody else")
        events = await asked(talk)
    assert seen == [("Oslo", "Ada", kind == "async")]
    assert [event.outcome for event in events if isinstance(event, ToolDone)] == ["answered"]
    said = [event.text for event in events if isinstance(event, Transcript) and event.role == "assistant"]
    assert any("11 degrees" in text for text in said)


async def test_a_tool_runs_while_nobody_iterates(tools_emulator: Emulator) -> None:
    done = asyncio.Event()

    @tool(name="get_weather")
    async def weather(city: str) -> dict[str, Any]:
        """Tell the weather."""
        done.set()
        return {"temperature": 11}

    async with Conversation(service=tools_emulator.service(), tools=[weather]) as talk, asyncio.timeout(SOON):
        await talk.send_text("What is the weather in Oslo?")
        await done.wait()


async def test_a_tool_that_fails_is_told_to_the_model(tools_emulator: Emulator) -> None:
    @tool(name="get_weather")
    async def weather(city: str) -> None:
        """Tell the weather."""
        raise LookupError("no such city")

    async with Conversation(service=tools_emulator.service(), tools=[weather]) as talk:
        events = await asked(talk)
    assert [event.outcome for event in events if isinstance(event, ToolDone)] == ["failed"]


async def test_a_tool_that_takes_other_arguments_is_logged(
    tools_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    @tool(name="get_weather")
    async def weather(town: str) -> None:
        """Tell the weather."""

    async with Conversation(service=tools_emulator.service(), tools=[weather]) as talk:
        events = await asked(talk)
    assert [event.outcome for event in events if isinstance(event, ToolDone)] == ["failed"]
    assert "get_weather" in caplog.text and "town is missing" in caplog.text


async def test_a_tool_past_its_deadline_is_cancelled(tools_emulator: Emulator) -> None:
    stopped = asyncio.Event()

    @tool(name="get_weather", deadline=0.2)
    async def weather(city: str) -> None:
        """Tell the weather."""
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with Conversation(service=tools_emulator.service(), tools=[weather]) as talk:
        events = await asked(talk)
        async with asyncio.timeout(SOON):
            await stopped.wait()
    assert [event.outcome for event in events if isinstance(event, ToolDone)] == ["timedOut"]


async def test_a_tool_without_a_function_is_answered_by_the_application(tools_emulator: Emulator) -> None:
    offered = OfferedTool(
        "get_weather", "Tell the weather.", {"type": "object", "properties": {"city": {"type": "string"}}}
    )
    async with Conversation(service=tools_emulator.service(), tools=[offered]) as talk, asyncio.timeout(SOON):
        await talk.send_text("What is the weather in Oslo?")
        async for event in talk:
            match event:
                case ToolCall(id=id, name="get_weather", arguments={"city": "Oslo"}):
                    await talk.answer_tool(id, {"temperature": 12})
                    with pytest.raises(Misuse):
                        await talk.answer_tool(id, {"temperature": 13})
                case ToolDone(outcome=outcome):
                    assert outcome == "answered"
                case TurnEnded():
                    talk.finish()
                case Closed():
                    return
    pytest.fail("the call did not end")
