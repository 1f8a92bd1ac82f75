"""The page to talk in, at `/`, and the element `<nova-voice>` for any other page, at `/nova-voice.js`.

They are files of the library's own, made of `web/`; nothing of them comes from elsewhere, and their headers say so.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import APIRouter, Request, Response

from .. import _native

#: Whether the page is served, and where.
Page = Literal["none", "root"]


def page_routes(api: APIRouter) -> None:
    """Adds a route for each file. They are no part of the API, and not in its description."""
    for path in _native.page_paths():
        api.add_api_route(path, server_of(path), methods=["GET", "HEAD"], include_in_schema=False)


def server_of(path: str) -> Callable[[Request], Awaitable[Response]]:
    """Makes the route of a file."""
    found = _native.page(path)
    assert found is not None, "it is one of the page's paths"
    content_type, etag, headers, body = found
    told = {**dict(headers), "etag": etag}

    async def serve_page(request: Request) -> Response:
        if _native.page_is_known(path, request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=told)
        return Response(body, media_type=content_type, headers=told)

    return serve_page
