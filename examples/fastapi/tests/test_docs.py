"""The pages about the API name what is there."""

import json
import re

import httpx
from here import EXAMPLE

DOCS = EXAMPLE.parents[1] / "docs"
VARIABLE = r"[A-Z][A-Z_]+"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def test_every_route_is_described(url: str) -> None:
    described = set(re.findall(r"\b(?:GET|POST|DELETE)\W+(/[a-z_/{}]+)", page("API.md")))
    served = set(httpx.get(f"{url}/openapi.json").json()["paths"])
    assert described == served


def test_every_field_of_a_session_is_described(url: str) -> None:
    schemas = httpx.get(f"{url}/openapi.json").json()["components"]["schemas"]
    for field in schemas["StartSession"]["properties"]:
        assert f"`{field}`" in page("API.md"), field


def test_every_setting_is_described() -> None:
    settings = page("API.md").partition("\n## Settings")[2]
    example = (EXAMPLE / ".env.example").read_text()
    variables = set(re.findall(rf"^(?:# )?({VARIABLE})=", example, re.MULTILINE))
    assert set(re.findall(rf"`({VARIABLE})`", settings)) - {"SIGTERM"} == variables - {"HOST", "WORKERS"}


def test_examples_are_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", page("API.md"), re.DOTALL)
    assert blocks and all(json.loads(block) for block in blocks)


def test_metrics_exist() -> None:
    folder = DOCS.parent / "nova-core" / "src" / "sonic" / "observe"
    names = "".join(file.read_text() for file in folder.rglob("*.rs"))
    for name in re.findall(r"`(bedrock_nova_[a-z_]+)`", page("RUNBOOK.md")):
        assert f'"{name}"' in names, name
