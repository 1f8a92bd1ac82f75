"""From a function's type hints to a JSON Schema, and from JSON arguments back to what the function takes."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints, is_typeddict

from .errors import Misuse

Json: TypeAlias = dict[str, Any]


class WrongArgument(ValueError):
    """The model gave an argument that the function does not take; the sentence is for the model."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One type: its schema, and how a JSON value becomes one of it. The second argument names the place."""

    schema: Json
    take: Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Read:
    """What a function's signature and docstring say."""

    description: str
    schema: Json
    takes: dict[str, Codec]
    required: frozenset[str]

    def arguments(self, given: Json) -> Json:
        """Make the function's arguments of JSON ones; what it does not know is refused."""
        for name in self.required - given.keys():
            raise WrongArgument(f"the argument {name} is missing")
        for name in given.keys() - self.takes.keys():
            raise WrongArgument(f"there is no argument {name}; there are: {', '.join(self.takes) or 'none'}")
        return {name: self.takes[name].take(value, name) for name, value in given.items()}


def read(function: Callable[..., Any]) -> Read:
    """Read a function's signature and docstring."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as unknown:
        raise Misuse(
            f"The hints of {_name(function)} cannot be read: {unknown}.",
            code="tools",
            hint="Types that are imported under TYPE_CHECKING alone do not exist when the program runs.",
        ) from unknown
    description, described = _docstring(inspect.getdoc(function) or "")
    if not description:
        raise Misuse(
            f"{_name(function)} has no docstring, and the model needs to know what it does.",
            code="tools",
            hint="Write one, or give a description=…",
        )
    takes: dict[str, Codec] = {}
    required: set[str] = set()
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise Misuse(
                f"{_name(function)} takes {parameter}, which a model cannot give by name.",
                code="tools",
                hint="Give every parameter a name.",
            )
        codec = codec_of(hints.get(name, Any), f"{_name(function)}({name})")
        schema = codec.schema
        if name in described:
            schema = {"description": described[name]} | schema
        if parameter.default is parameter.empty:
            required.add(name)
        takes[name] = Codec(schema, codec.take)
    properties = {name: codec.schema for name, codec in takes.items()}
    return Read(description, _object(properties, sorted(required, key=list(takes).index)), takes, frozenset(required))


def codec_of(hint: Any, place: str) -> Codec:
    """Return the codec of a type; `place` names it in a complaint."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(args, place)
    if origin is Literal:
        return _choice(list(args), {value: value for value in args})
    if origin in (Union, types.UnionType):
        return _union([codec_of(arg, place) for arg in args])
    if origin in _LISTS:
        return _list(codec_of(args[0], place), _LISTS[origin])
    if origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
        return _mapping(codec_of(args[1], place))
    if isinstance(hint, typing.NewType):
        return codec_of(hint.__supertype__, place)
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return _choice([each.value for each in hint], {each.value: each for each in hint})
        if callable(getattr(hint, "model_validate", None)):
            return _pydantic(hint)
        if dataclasses.is_dataclass(hint):
            return _dataclass(hint, place)
        if is_typeddict(hint):
            return _typed_dict(hint, place)
    raise Misuse(
        f"{place} has the type {hint!r}, of which no JSON Schema can be made.",
        code="tools",
        hint="Use str, int, float, bool, Literal, Enum, list, dict, a dataclass, a TypedDict or a pydantic model.",
    )


def plain(value: Any) -> Any:
    """Make what a tool returns into what JSON knows."""
    if isinstance(value, (str, int, float, bool, type(None))) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, collections.abc.Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return str(value)


def _is(kind: type | tuple[type, ...], word: str) -> Callable[[Any, str], Any]:
    def take(value: Any, place: str) -> Any:
        # True is an int for Python, and for nobody else.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise WrongArgument(f"{place} must be {word}")
        return value

    return take


def _whole(value: Any, place: str) -> int:
    # A model that writes 3.0 means 3.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(_is(int, "a whole number")(value, place))


def _number(value: Any, place: str) -> float:
    return float(_is((int, float), "a number")(value, place))


_PLAIN: dict[Any, Codec] = {
    str: Codec({"type": "string"}, _is(str, "a string")),
    int: Codec({"type": "integer"}, _whole),
    float: Codec({"type": "number"}, _number),
    bool: Codec({"type": "boolean"}, _is(bool, "true or false")),
    type(None): Codec({"type": "null"}, _is(type(None), "null")),
    list: Codec({"type": "array", "items": {}}, _is(list, "a list")),
    dict: Codec({"type": "object"}, _is(dict, "an object")),
    Any: Codec({}, lambda value, _: value),
    object: Codec({}, lambda value, _: value),
}

_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.Iterable: list,
    set: set,
    frozenset: frozenset,
}


def _annotated(args: tuple[Any, ...], place: str) -> Codec:
    codec = codec_of(args[0], place)
    for note in args[1:]:
        words = note if isinstance(note, str) else getattr(note, "description", None)
        if isinstance(words, str):
            return Codec({"description": words} | codec.schema, codec.take)
    return codec


def _choice(values: list[Any], means: dict[Any, Any]) -> Codec:
    def take(value: Any, place: str) -> Any:
        if not isinstance(value, (str, int, float, bool, type(None))) or value not in means:
            raise WrongArgument(f"{place} must be one of {', '.join(map(str, values))}")
        return means[value]

    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    kind = {kinds.get(type(value)) for value in values}
    schema: Json = {"enum": values}
    return Codec({"type": kind.pop()} | schema if len(kind) == 1 and None not in kind else schema, take)


def _union(codecs: list[Codec]) -> Codec:
    def take(value: Any, place: str) -> Any:
        wrongs = []
        for codec in codecs:
            try:
                return codec.take(value, place)
            except WrongArgument as wrong:
                wrongs.append(str(wrong))
        raise WrongArgument(", or ".join(wrongs))

    # Whoever may leave an argument out need not say null: the schema stays as simple as it was.
    others = [codec.schema for codec in codecs if codec.schema != {"type": "null"}]
    return Codec(others[0] if len(others) == 1 else {"anyOf": others}, take)


def _list(item: Codec, made: Callable[[list[Any]], Any]) -> Codec:
    def take(value: Any, place: str) -> Any:
        values = _is(list, "a list")(value, place)
        return made([item.take(each, f"{place}[{at}]") for at, each in enumerate(values)])

    return Codec({"type": "array", "items": item.schema}, take)


def _mapping(item: Codec) -> Codec:
    def take(value: Any, place: str) -> Any:
        values = _is(dict, "an object")(value, place)
        return {key: item.take(each, f"{place}.{key}") for key, each in values.items()}

    return Codec({"type": "object", "additionalProperties": item.schema}, take)


def _fields(takes: dict[str, Codec], required: list[str], made: Callable[[Json], Any]) -> Codec:
    def take(value: Any, place: str) -> Any:
        given = _is(dict, "an object")(value, place)
        for name in required:
            if name not in given:
                raise WrongArgument(f"{place}.{name} is missing")
        known = {name: each for name, each in given.items() if name in takes}
        return made({name: takes[name].take(each, f"{place}.{name}") for name, each in known.items()})

    return Codec(_object({name: codec.schema for name, codec in takes.items()}, required), take)


def _dataclass(cls: type, place: str) -> Codec:
    hints = get_type_hints(cls, include_extras=True)
    fields = [each for each in dataclasses.fields(cls) if each.init]
    missing = dataclasses.MISSING
    required = [each.name for each in fields if each.default is missing and each.default_factory is missing]
    takes = {each.name: codec_of(hints[each.name], f"{place}.{each.name}") for each in fields}
    return _fields(takes, required, lambda given: cls(**given))


def _typed_dict(cls: Any, place: str) -> Codec:
    hints = get_type_hints(cls, include_extras=True)
    takes = {name: codec_of(_bare(hint), f"{place}.{name}") for name, hint in hints.items()}
    return _fields(takes, [name for name in takes if name in cls.__required_keys__], lambda given: given)


def _bare(hint: Any) -> Any:
    wrapped = get_origin(hint) in (typing.Required, typing.NotRequired)
    return get_args(hint)[0] if wrapped else hint


def _pydantic(cls: Any) -> Codec:
    def take(value: Any, place: str) -> Any:
        try:
            return cls.model_validate(value)
        except ValueError as wrong:
            raise WrongArgument(_told(place, wrong)) from None

    return Codec(_inlined(cls.model_json_schema()), take)


def _told(place: str, wrong: Any) -> str:
    """What a pydantic model finds wrong, field by field, without what was in the fields."""
    found = wrong.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join([place, *map(str, each['loc'])])}: {each['msg']}" for each in found)


def _inlined(schema: Json) -> Json:
    """Put definitions where they are referred to: models read a schema better that way, and some refuse references."""
    definitions = schema.pop("$defs", {})

    def inline(part: Any, within: tuple[str, ...]) -> Any:
        if isinstance(part, list):
            return [inline(each, within) for each in part]
        if not isinstance(part, dict):
            return part
        name = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if name in definitions:
            rest = {key: each for key, each in part.items() if key != "$ref"}
            # What refers to itself has no end: its inner copies are any object.
            inner = {"type": "object"} if name in within else inline(definitions[name], (*within, name))
            return inner | rest
        return {key: inline(each, within) for key, each in part.items()}

    return typing.cast(Json, inline(schema, ()))


def _object(properties: Json, required: list[str]) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    return schema | {"required": required} if required else schema


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))


_ARGS = re.compile(r"^\s*(?:Args|Arguments|Parameters):\s*$")
_SECTION = re.compile(r"^\s*(?:Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):\s*$")
_GOOGLE = re.compile(r"^(\s+)(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")
_SPHINX = re.compile(r"^\s*:param\s+(?:[\w\[\], ]+\s+)?(\w+):\s*(.*)$")


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what it says of the function and of each parameter (Google's style and Sphinx's)."""
    described: dict[str, str] = {}
    words: list[str] = []
    in_args, current, indent, told = False, None, 0, True
    for line in text.splitlines():
        if sphinx := _SPHINX.match(line):
            current, told, indent = sphinx[1], False, 0
            described[current] = sphinx[2]
        elif _SECTION.match(line):
            in_args, current, told, indent = bool(_ARGS.match(line)), None, False, 0
        elif in_args and (entry := _GOOGLE.match(line)) and (not indent or len(entry[1]) <= indent):
            current, indent = entry[2], len(entry[1])
            described[current] = entry[3]
        elif current is not None and line.strip():
            described[current] = f"{described[current]} {line.strip()}".strip()
        elif told and not line.strip().startswith(":"):
            words.append(line.strip())
    return " ".join(word for word in words if word), described
