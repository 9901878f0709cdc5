"""What an orchestrator and a scraper ask: does it live, can it take orders, how does it do."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from order_api.metrics import Metrics

STUCK_SECONDS = 30.0


WhyNot = Callable[[], str | None]


def router(*, metrics: Metrics, stuck: Callable[[], float], started: WhyNot, ready: WhyNot) -> APIRouter:
    """Give the probe routes. `stuck`: seconds since the reading loop turned; `started`, `ready`: why not, None if so.

    Started is what stays true: the log as it stood at the start has been read. Ready may come and go.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez() -> Response:
        seconds = stuck()
        if seconds > STUCK_SECONDS:
            return Response(f"the reading loop has not turned for {seconds:.0f} s\n", 503, media_type="text/plain")
        return Response("alive\n", media_type="text/plain")

    @routes.get("/startupz")
    async def startupz() -> Response:
        return _answer(started(), "started")

    @routes.get("/readyz")
    async def readyz() -> Response:
        return _answer(ready(), "ready")

    @routes.get("/metrics")
    async def scrape() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _answer(why_not: str | None, well: str) -> Response:
    return Response(f"{why_not or well}\n", 503 if why_not else 200, media_type="text/plain")
