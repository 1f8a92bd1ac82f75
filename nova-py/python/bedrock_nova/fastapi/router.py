"""What a router is to be."""

from fastapi import APIRouter

from .. import ConversationPool, Options
from .access import Access, OwnerOf, everybody
from .desk import Desk
from .limits import RateLimit
from .listening import listening, talking
from .operating import operating
from .page import Page, page_routes
from .route import route_class
from .sessions import sessions
from .speaking import speaking
from .tickets import Tickets

#: What the tags of the routes are, for `FastAPI(openapi_tags=TAGS)`.
TAGS = [
    {"name": "sessions", "description": "Opening, looking at and ending calls."},
    {"name": "speaking", "description": "What the client says."},
    {
        "name": "listening",
        "description": "What the client hears. Beside the event stream there is a WebSocket for both directions, "
        "`/ws/{session_id}`: events come as JSON, commands go up as JSON, and with the subprotocol "
        "`bedrock-nova.binary.v1` audio is binary.",
    },
    {"name": "operating", "description": "For those who run the server; no token is asked for."},
]

#: A minute of audio at 24 kHz, and its base64.
LARGEST_BODY = 4 << 20


def router(
    pool: ConversationPool,
    *,
    owner: OwnerOf = everybody,
    tickets: Tickets | None = None,
    rate: RateLimit | None = None,
    defaults: Options | None = None,
    endpoint: str | None = None,
    close: float = 10.0,
    largest_body: int = LARGEST_BODY,
    page: Page = "none",
) -> APIRouter:
    """Makes the routes of `docs/API.md` over a pool.

    `owner` says whose a request is, `rate` how often one client may ask. `defaults` are the options of calls where a
    client says nothing; `audio_end` among them is what `/audio/end` does. `endpoint` is what `/health` calls the
    service, without it its address, or `aws`; `close` is how long an orderly end may take, in seconds. With `page="root"`
    the page to talk in is served at `/`, with the files of the element `<nova-voice>` beside it.
    """
    access = Access(owner, tickets or Tickets(), rate)
    desk = Desk(pool, access, defaults or Options(), endpoint or pool.service.endpoint_url or "aws", close)
    api = APIRouter(route_class=route_class(largest_body))
    # Routes are tried in this order, and audio comes fifty times a second.
    speaking(api, desk)
    sessions(api, desk)
    listening(api, desk)
    talking(api, desk)
    operating(api, desk)
    if page == "root":
        page_routes(api)
    return api
