"""What an orchestrator and a scraper ask: does it live, can it take orders, how does it do."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from order_api.metrics import Metrics

STUCK_SECONDS = 30.0


def router(*, metrics: Metrics, stuck: Callable[[], float], ready: Callable[[], str | None]) -> APIRouter:
    """Give the probe routes. `stuck`: seconds since the reading loop turned; `ready`: why not, None if it is."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez() -> Response:
        seconds = stuck()
        if seconds > STUCK_SECONDS:
            return Response(f"the reading loop has not turned for {seconds:.0f} s\n", 503, media_type="text/plain")
        return Response("alive\n", media_type="text/plain")

    @routes.get("/readyz")
    async def readyz() -> Response:
        why_not = ready()
        if why_not is not None:
            return Response(f"{why_not}\n", 503, media_type="text/plain")
        return Response("ready\n", media_type="text/plain")

    @routes.get("/metrics")
    async def scrape() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
