"""Functions that the model may call: a tool from a function's own signature and docstring."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, overload

from . import _native, _signature
from ._hub import Hub
from .errors import Misuse

__all__ = ["OfferedTool", "Tool", "tool"]

_log = logging.getLogger("bedrock_nova")
_F = TypeVar("_F", bound=Callable[..., Any])
OnInterrupt = Literal["finish", "cancel", "detach"]


class OfferedTool:
    """A tool that the application, or its client, answers by itself: each `ToolCall` with `answer_tool`."""

    def __init__(self, name: str, description: str, schema: dict[str, Any]) -> None:
        self.name = name
        self._json: dict[str, Any] = {"name": name, "description": description, "schema": schema}

    def to_json(self) -> dict[str, Any]:
        """Return the tool as the library writes it down."""
        return self._json

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Tool(OfferedTool):
    """A function that the model may call; made by `tool`. It can still be called as the function that it is."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        deadline: float | None = None,
        at_once: int | None = None,
        on_interrupt: OnInterrupt = "finish",
        result_limit: int | None = None,
        idempotent: bool = False,
        filler: str | None = None,
    ) -> None:
        from .options import duration

        self._read = _signature.read(function)
        super().__init__(
            name or function.__name__,
            description or self._read.description,
            self._read.schema,
        )
        contract: dict[str, Any] = {
            "onInterrupt": on_interrupt,
            "effect": "idempotent" if idempotent else "once",
        }
        if deadline is not None:
            contract["deadline"] = duration(deadline)
        if at_once is not None:
            contract["atOnce"] = at_once
        if result_limit is not None:
            contract["resultLimit"] = result_limit
        if filler is not None:
            contract["filler"] = {"text": filler}
        self._json |= {"contract": contract, "runBy": "handler"}
        self.function = function
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    async def run(self, arguments: str) -> str:
        """Call the function with JSON arguments, in the context of this task; return its result as JSON."""
        given = self._read.arguments(json.loads(arguments))
        if inspect.iscoroutinefunction(self.function):
            result = await self.function(**given)
        else:
            # A function that blocks must not hold up the loop, and with it every call.
            call = functools.partial(contextvars.copy_context().run, self.function, **given)
            result = await asyncio.get_running_loop().run_in_executor(None, call)
            if inspect.isawaitable(result):
                result = await result
        return json.dumps(_signature.plain(result))


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    deadline: float | None = None,
    at_once: int | None = None,
    on_interrupt: OnInterrupt = "finish",
    result_limit: int | None = None,
    idempotent: bool = False,
    filler: str | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **contract: Any) -> Any:
    """Make a tool of a function, sync or async, for `tools=[…]`.

    Its parameters come from the type hints (`Annotated[str, "what it is"]` describes one), its description from the
    docstring. A sync function runs in a thread. Both see the context variables of whoever opened the call.

    Args:
        function: The function; left out when there are options.
        **contract: `name` and `description` for the model; `deadline` in seconds; `at_once`, how many may run together;
            `on_interrupt`, `"finish"`, `"cancel"` or `"detach"` when the user speaks; `result_limit` in bytes;
            `idempotent`, whether it may be run twice; `filler`, what the assistant is told to say when it takes long.
    """
    if function is None:
        return lambda function: Tool(function, **contract)
    return Tool(function, **contract)


def tools_of(given: Sequence[Any]) -> list[Tool | OfferedTool]:
    """Make tools of whatever stands in `tools=[…]`."""
    made = [each if isinstance(each, OfferedTool) else _tool_of(each) for each in given]
    names = [each.name for each in made]
    for name in names:
        if names.count(name) > 1:
            raise Misuse(f"There are two tools of the name {name!r}.", code="tools", hint="Give one of them a name=…")
    return made


def _tool_of(given: Any) -> Tool:
    if not callable(given):
        raise Misuse(f"{given!r} is no function.", code="tools", hint="A tool is a function, or made by tool().")
    return Tool(given)


def handled(tools: Sequence[Tool | OfferedTool]) -> list[Tool]:
    """Return those that Python runs."""
    return [each for each in tools if isinstance(each, Tool)]


class Toolbox:
    """Runs the tools of a call on its loop, in a copy of the context that the call was opened in."""

    def __init__(self, hub: Hub, tools: Sequence[Tool]) -> None:
        self.inbox = _native.Inbox(hub.bell)
        self._tools = {each.name: each for each in tools}
        self._context = contextvars.copy_context()
        self._running: dict[int, asyncio.Task[None]] = {}
        self.offers = json.dumps([each.to_json() for each in tools]).encode()
        hub.stand(self.inbox.token, self._ring)

    def _ring(self) -> None:
        for wish, name, arguments in self.inbox.take():
            if name is None or arguments is None:
                if (task := self._running.get(wish)) is not None:
                    task.cancel()
                continue
            task = asyncio.get_running_loop().create_task(
                self._run(wish, self._tools[name], arguments),
                name=f"bedrock_nova tool {name}",
                context=self._context.copy(),
            )
            self._running[wish] = task
            task.add_done_callback(functools.partial(self._done, wish))

    def _done(self, wish: int, _task: asyncio.Task[None]) -> None:
        self._running.pop(wish, None)

    async def _run(self, wish: int, tool: Tool, arguments: str) -> None:
        try:
            result = await tool.run(arguments)
        except asyncio.CancelledError:
            self.inbox.answer(wish, "null", error="the tool was stopped")
            raise
        except _signature.WrongArgument as wrong:
            _log.warning("the model called the tool %s in a way that it does not take: %s", tool.name, wrong)
            self.inbox.answer(wish, "null", error=str(wrong))
        except Exception as failure:
            _log.warning("the tool %s failed", tool.name, exc_info=failure)
            self.inbox.answer(wish, "null", error=str(failure) or type(failure).__name__)
        else:
            self.inbox.answer(wish, result)
