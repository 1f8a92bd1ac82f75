"""`/openapi.json` says what `docs/API.md` says: the same routes, fields, statuses and parameters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from talk import Client

API = Path(__file__).parents[2] / "docs" / "API.md"
METHODS = ("get", "post", "delete", "put", "patch")
ROUTE = re.compile(r"(GET|POST|DELETE) (/[\w/{}.]*)")
NAME = re.compile(r"`([\w-]+)`")


@dataclass
class Route:
    """What is said of a route; `None` where nothing is."""

    fields: set[str] | None = None
    failures: set[str] | None = None
    parameters: dict[str, str] = field(default_factory=dict)


def documented() -> dict[str, Route]:
    """The routes of the chapters of `docs/API.md`."""
    routes: dict[str, Route] = {}
    for section in re.split(r"^#{2,3} ", API.read_text(), flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        if heading := ROUTE.fullmatch(title):
            routes[heading[0]] = told(text)
        elif title == "Speaking":
            routes |= spoken(text)
        elif title == "Operating":
            routes |= {f"{method} {path}": Route() for method, path in ROUTE.findall(text)}
    return routes


def told(text: str) -> Route:
    """A route with a chapter of its own."""
    if "| Query or header |" in text:
        return Route(failures=failures(text), parameters=dict(parameters(text)))
    fields = {name for row in table(text) for name in NAME.findall(row[0])}
    if body := re.match(r".*?`\{([^}]*)\}` gets", text, re.DOTALL):
        fields = set(re.findall(r'"(\w+)":', body[1]))
    return Route(fields or None, failures(text))


def spoken(text: str) -> dict[str, Route]:
    """The table of what a client says; all of it takes `session_id`."""
    return {
        row[0].strip("` "): Route({"session_id", *NAME.findall(without_examples(row[1]))}, failures(text))
        for row in table(text)
    }


def parameters(text: str) -> Iterator[tuple[str, str]]:
    """Names, and whether they stand in the query or in a header."""
    for row in table(text):
        for name, place in re.findall(r"`([\w-]+)`(?: \((header|query)\))?", row[0]):
            yield name.lower(), place or "query"


def table(text: str) -> Iterator[list[str]]:
    """The rows of the first table, without its head."""
    rows = re.search(r"^\|.*\n\|(?:---\|)+\n((?:\|.*\n)*)", text, re.MULTILINE)
    for row in rows[1].splitlines() if rows else []:
        yield row.strip("|").split(" | ")


def failures(text: str) -> set[str] | None:
    line = re.search(r"Failures: ([^\n]*)", text)
    return set(re.findall(r"\b\d{3}\b", line[1])) if line else None


def without_examples(text: str) -> str:
    """Drops what stands in brackets: values, not fields."""
    return re.sub(r"\([^)]*\)", "", text)


class Description:
    """What a server says of itself."""

    def __init__(self, client: Client) -> None:
        self.document = client.get("/openapi.json")

    def routes(self) -> dict[str, Route]:
        return {
            f"{method.upper()} {path}": self.route(item, item[method])
            for path, item in self.document["paths"].items()
            for method in METHODS
            if method in item
        }

    def route(self, item: dict[str, Any], route: dict[str, Any]) -> Route:
        statuses = {status for status in route["responses"] if status not in ("200", "default")}
        named = map(self.resolved, [*item.get("parameters", []), *route.get("parameters", [])])
        asked = {one["name"].lower(): one["in"] for one in named if one["in"] != "path"}
        return Route(self.fields(route), statuses, asked)

    def fields(self, route: dict[str, Any]) -> set[str] | None:
        if "requestBody" not in route:
            return None
        return {name for body in self.bodies(route) for name in body["properties"]}

    def bodies(self, route: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects that a route takes; one that may be left out may be described as one of two."""
        body = self.resolved(route["requestBody"]["content"]["application/json"]["schema"])
        choices = map(self.resolved, body.get("anyOf", [body]))
        return [choice for choice in choices if choice["type"] == "object"]

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        found = value
        if "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
        return found


@pytest.fixture
def described(client: Client) -> dict[str, Route]:
    return Description(client).routes()


def test_there_are_the_same_routes(described: dict[str, Route]) -> None:
    there = documented()
    assert len(there) == 14
    assert set(described) == set(there)


@pytest.mark.parametrize("name", sorted(documented()))
def test_a_route_is_as_it_is_documented(described: dict[str, Route], name: str) -> None:
    said, found = documented()[name], described[name]
    assert found.fields == said.fields
    assert found.parameters == said.parameters
    if said.failures is not None:
        assert found.failures == said.failures


def test_no_body_takes_other_fields(client: Client) -> None:
    description = Description(client)
    routes = [
        route for item in description.document["paths"].values() for route in item.values() if "responses" in route
    ]
    bodies = [body for route in routes if "requestBody" in route for body in description.bodies(route)]
    assert len(bodies) == 8
    assert [body for body in bodies if body.get("additionalProperties") is not False] == []
