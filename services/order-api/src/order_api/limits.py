"""The outermost layer: headers have a limit, and every answer is counted."""

from collections.abc import Mapping
from http import HTTPStatus
from itertools import chain

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api.metrics import Metrics
from order_api.problems import Problem
from order_contracts.bounded_requests import MOST_HEAD_BYTES, MOST_HEADERS


class Limits:
    """ASGI middleware. Headers over the limit are answered 431 before anything looks at them."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(_method(scope), str(message["status"])).inc()
            await send(message)

        if over_limit(scope):
            await headers_too_large().response()(scope, receive, count)
            return
        await self._app(scope, receive, count)


def over_limit(scope: Scope) -> bool:
    """Whether a request's line and headers are more than anybody needs."""
    headers = scope["headers"]
    size = len(scope["raw_path"]) + len(scope["query_string"]) + sum(map(len, chain.from_iterable(headers)))
    return size > MOST_HEAD_BYTES or len(headers) > MOST_HEADERS


def is_usual(scope: Scope, headers: Mapping[bytes, bytes], *, most_bytes: int) -> bool:
    """Whether a request is short, names each header once, says how long it is, and comes from no page.

    Such a one, the bare lanes take past the layers: these would do nothing about it.
    """
    length = headers.get(b"content-length")
    return (
        len(headers) == len(scope["headers"])
        and length is not None
        and int(length) <= most_bytes
        and b"origin" not in headers
        and not over_limit(scope)
    )


def headers_too_large() -> Problem:
    """Say which headers are too many."""
    detail = f"more than {MOST_HEADERS} headers, or {MOST_HEAD_BYTES} bytes of them: send fewer"
    return Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail, headers=_HANG_UP)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "other"  # each name is a series that is kept for good


_HANG_UP = {"Connection": "close"}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
