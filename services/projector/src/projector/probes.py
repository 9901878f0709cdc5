"""/livez, /startupz, /readyz and /metrics, for processes that serve nothing else and for those that do."""

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Fault = str | None
"""What is wrong, None when nothing is."""


def probe_routes(
    *,
    live: Callable[[], Fault],
    started: Callable[[], Fault],
    ready: Callable[[], Awaitable[Fault]],
    registry: CollectorRegistry,
) -> list[Route]:
    """Make the routes. A probe's answer says what is wrong. Started is what stays true, ready may come and go."""

    async def livez(_: Request) -> Response:
        return _answer(live())

    async def startupz(_: Request) -> Response:
        return _answer(started())

    async def readyz(_: Request) -> Response:
        return _answer(await ready())

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    paths = {"/livez": livez, "/startupz": startupz, "/readyz": readyz, "/metrics": metrics}
    return [Route(path, endpoint) for path, endpoint in paths.items()]


def _answer(fault: Fault) -> Response:
    if fault is None:
        return JSONResponse({"status": "ok"})
    return JSONResponse({"status": "unavailable", "detail": fault}, status_code=503)
