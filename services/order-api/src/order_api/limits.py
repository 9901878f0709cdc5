"""The outermost layer: a body has a limit, and every answer is counted."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api.metrics import Metrics
from order_api.problems import Problem


class Limits:
    """ASGI middleware. A body over the limit is answered 413 before a byte of it is parsed."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int) -> None:
        self._app, self._metrics, self._max = app, metrics, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(scope["method"], str(message["status"])).inc()
            await send(message)

        body = await self._body(receive)
        if body is None:
            detail = f"the body is over {self._max} bytes: send less, such as fewer lines or shorter notes"
            problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
            await problem.response()(scope, receive, count)
            return
        await self._app(scope, _replay(body, receive), count)

    async def _body(self, receive: Receive) -> bytes | None:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            more = message.get("more_body", False)
            if size > self._max:
                return None
        return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
