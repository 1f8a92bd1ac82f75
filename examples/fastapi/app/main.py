"""The voice backend: the contract of `docs/API.md` on Amazon Nova Sonic, or on the local emulator.

`run.sh` starts it. All of the work is the library's; this file says what the server is made of, and what it talks to.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.config import Config
from app.tools import TOOLS
from bedrock_nova import Bedrock, ConversationPool
from bedrock_nova.fastapi import TAGS, BearerTokens, RateLimit, Tickets, answer_errors, drain_on_sigterm, router
from bedrock_nova.fastapi.access import everybody

log = logging.getLogger("app")

BANNER = """
  ======================================================================
    EMULATOR: this server talks to a local emulator, not to AWS.
    What it "hears" and answers is scripted. For Amazon Nova Sonic: --aws
  ======================================================================"""


def create_app(config: Config) -> FastAPI:
    """Makes the application; the pool lives as long as the server."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if config.emulated:
                await start_emulator(config, stack)
            pool = await stack.enter_async_context(make_pool(config))
            await stack.enter_async_context(drain_on_sigterm(pool, config.drain))
            app.include_router(
                router(
                    pool,
                    owner=BearerTokens(config.tokens) if config.tokens else everybody,
                    tickets=Tickets(config.ticket_secret, life=config.ticket_life),
                    rate=RateLimit(config.rate) if config.rate else None,
                    defaults=config.options,
                    endpoint=config.endpoint_name,
                    largest_body=config.largest_body,
                    page="root",
                )
            )
            log.info("Calls go to %s; there may be %d of them.", config.endpoint_name, config.sessions)
            yield

    app = FastAPI(
        title="Voice backend",
        version="1",
        summary="Amazon Nova Sonic over HTTP.",
        openapi_tags=TAGS,
        lifespan=lifespan,
    )
    answer_errors(app)
    if config.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["Retry-After", "Call-Location"],
        )
    return app


def make_pool(config: Config) -> ConversationPool:
    """The pool of calls, over connections that they share."""
    return ConversationPool(
        conversations=config.sessions,
        per_owner=config.sessions_per_owner,
        idle=config.idle,
        store=config.store,
        lease=config.lease,
        # Workers that share a port have no address of their own.
        hint=config.instance_url or f"worker {os.getpid()} of this server",
        service=Bedrock(),
        tools=TOOLS,
    )


async def start_emulator(config: Config, stack: AsyncExitStack) -> None:
    """Starts a local Bedrock that ends with the server, and points the library to it."""
    from bedrock_nova.testing import Emulator

    emulator = Emulator(scenario=config.emulator_scenario, pace=config.emulator_pace)
    started = await stack.enter_async_context(emulator)
    os.environ.update(started.env)
    log.warning(BANNER)


def set_up_logging(level: str) -> None:
    """One line an event on standard error; what is said in calls is in none of them."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for name in ("app", "bedrock_nova"):
        logging.getLogger(name).setLevel(level)


config = Config.from_environment()
set_up_logging(config.log_level)
app = create_app(config)
