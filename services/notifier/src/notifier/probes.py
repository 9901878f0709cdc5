"""What an orchestrator and a scraper ask: does it live, can it take screens, how does it do."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from notifier.metrics import Metrics

WhyNot = Callable[[], str | None]


def routes(*, metrics: Metrics, dead: WhyNot, unready: WhyNot) -> list[Route]:
    """Give the probe routes. `dead` and `unready` say why it does not live or can't take screens, None if it can."""

    async def livez(_: Request) -> Response:
        return _answer(dead(), "alive")

    async def readyz(_: Request) -> Response:
        return _answer(unready(), "ready")

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", scrape)]


def _answer(why_not: str | None, well: str) -> Response:
    return PlainTextResponse(f"{why_not or well}\n", 503 if why_not else 200)
