"""The page at `/`: complete, and nothing of it comes from elsewhere."""

import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from talk import Client, refused

#: What an address in a script or a style sheet may look like.
ADDRESS = re.compile(r"""\b(?:https?|wss?):|url\(|@import|\bimport\s*\(?\s*["']([^"']+)""")
#: Names of things, which nobody fetches.
NAMES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")


def references(client: Client) -> list[str]:
    """What the page loads."""
    html = client.http.get("/").text
    return re.findall(r"""(?:src|href)="([^"]+)\"""", html)


def test_it_is_html_with_a_strict_policy(client: Client) -> None:
    page = client.http.get("/")
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    for allowed in ("script-src", "style-src", "connect-src"):
        assert policy[allowed] == "'self'"
    assert page.headers["x-content-type-options"] == "nosniff"


def test_all_that_it_loads_is_there(client: Client) -> None:
    found = references(client)
    assert {"nova-voice.js", "page.js", "page.css"} <= set(found)
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "wav": "audio/wav"}
    for name in [*found, "capture.worklet.js", "playback.worklet.js", "question.wav"]:
        if name.endswith("/"):
            continue  # The WebSocket.
        answer = client.http.get(urljoin("/", name))
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith(kinds[name.rsplit(".", 1)[1]]), name


def test_nothing_refers_to_another_origin(client: Client) -> None:
    for name in references(client):
        assert not urlsplit(name).netloc and not urlsplit(name).scheme, name
    for name in ("nova-voice.js", "page.js", "capture.worklet.js", "playback.worklet.js", "page.css"):
        text = client.http.get(f"/{name}").text
        for allowed in NAMES:
            text = text.replace(allowed, "")
        for match in ADDRESS.finditer(text):
            imported = match.group(1)
            # "http:" alone is a word that an address is compared with.
            is_word = text[match.end() : match.end() + 1] in {'"', "'", "`"}
            assert is_word or (imported and imported.startswith("./")), text[match.start() : match.start() + 80]


@pytest.mark.parametrize("path", ["/", "/nova-voice.js", "/page.css", "/question.wav"])
def test_what_a_browser_has_is_not_sent_again(client: Client, path: str) -> None:
    first = client.http.get(path)
    again = client.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = client.http.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)
    head = client.http.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


def test_it_is_no_part_of_the_description(client: Client) -> None:
    paths = client.get("/openapi.json")["paths"]
    assert not {"/", "/nova-voice.js", "/page.js"} & set(paths)


def test_what_is_not_there_is_refused_in_the_usual_form(client: Client) -> None:
    refused(client.http.get("/nova-voice.map"), 404, "no-such-route")
    answer: httpx.Response = client.http.post("/")
    refused(answer, 405, "method")
