"""Health and metrics, for those who run the server."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from .. import metrics
from . import bodies
from .desk import Desk


def operating(api: APIRouter, desk: Desk) -> None:
    """Adds the routes."""

    @api.get(
        "/health",
        tags=["operating"],
        summary="Readiness",
        response_model=bodies.Health,
        responses={503: {"model": bodies.Health, "description": "The process is about to stop."}},
    )
    async def get_health() -> Response:
        """Says whether new calls are taken, how many there are, and what they talk to. A full process is healthy."""
        stats = desk.pool.stats()
        told = bodies.Health(
            status="draining" if stats.draining else "ok",
            endpoint=desk.endpoint,
            live=stats.live,
            opening=stats.opening,
            limit=stats.limit,
        )
        return JSONResponse(told.model_dump(), 503 if stats.draining else 200)

    @api.get("/metrics", tags=["operating"], summary="Prometheus metrics", response_class=PlainTextResponse)
    async def get_metrics() -> Response:
        """Everything that is counted in this process; no label holds a word of a call or the name of an owner."""
        return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
