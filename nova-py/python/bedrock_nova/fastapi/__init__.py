"""The voice contract of `docs/API.md` as a FastAPI router, to mount in one's own application.

    pool = ConversationPool(conversations=100)
    app.include_router(router(pool))

That is a whole backend: sessions, audio in, typed text, barge-in, events as server-sent events and over a WebSocket,
tickets for browsers, health and metrics. Whoever calls is one owner until `router(pool, owner=BearerTokens({...}))`
says otherwise; from then on a call belongs to who opened it, and is not there for anybody else.

Needs the extra `bedrock-nova[fastapi]`. `examples/fastapi` is an application around it.

| module | concern |
|---|---|
| `router` | what a router is to be |
| `sessions` | opening, looking at and ending calls |
| `speaking` | what a client says: audio, text, tool results, barge-in |
| `listening` | what a client hears: server-sent events, WebSocket, tickets |
| `operating` | health and metrics |
| `page` | the page to talk in |
| `desk` | what all routes share |
| `bodies` | what goes in and out as JSON |
| `access`, `tickets`, `limits` | who calls, and how often |
| `route`, `errors` | failures, in one form |
| `drain` | the end of the process |
"""

from .access import BearerTokens
from .drain import drain_on_sigterm
from .errors import Refusal, answer_errors
from .limits import RateLimit
from .router import TAGS, router
from .tickets import Tickets

__all__ = ["TAGS", "BearerTokens", "RateLimit", "Refusal", "Tickets", "answer_errors", "drain_on_sigterm", "router"]
