"""What an orchestrator and a scraper ask: does it live, can it take screens, how does it do."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from notifier.metrics import Metrics

WhyNot = Callable[[], str | None]


def routes(*, metrics: Metrics, dead: WhyNot, starting: WhyNot, unready: WhyNot) -> list[Route]:
    """Give the probe routes. Each says why it does not live, has not started, can't take screens; None if it does.

    Started is what stays true: the minutes of the log that it boots from have been read. Ready may come and go.
    """

    async def livez(_: Request) -> Response:
        return _answer(dead(), "alive")

    async def startupz(_: Request) -> Response:
        return _answer(starting(), "started")

    async def readyz(_: Request) -> Response:
        return _answer(unready(), "ready")

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    paths = {"/livez": livez, "/startupz": startupz, "/readyz": readyz, "/metrics": scrape}
    return [Route(path, endpoint) for path, endpoint in paths.items()]


def _answer(why_not: str | None, well: str) -> Response:
    return PlainTextResponse(f"{why_not or well}\n", 503 if why_not else 200)
