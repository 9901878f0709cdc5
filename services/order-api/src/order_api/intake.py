"""Takes the body of a request in, bounded in bytes, before anything parses it; `http_server` bounds it in time.

What must not break: no more than the limit is ever held, however long the body says it is or turns out to be; a body
that was cut off is no request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api.problems import Problem

_LINGER_SECONDS = 1.0
_LINGER_BODIES = 8


class Intake:
    """ASGI middleware. A body over the limit is answered 413."""

    def __init__(self, app: ASGIApp, *, most_bytes: int) -> None:
        self._app, self._most = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except Problem as problem:
            await _hang_up(problem, send, after=lambda: self._linger(receive))
        else:
            if body is not None:
                await self._app(scope, replay({"type": "http.request", "body": body}, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if int(declared) > self._most:
            raise _too_large(self._most)
        return await whole_body(receive, most_bytes=self._most)

    async def _linger(self, receive: Receive) -> None:
        """Read on for a moment and keep nothing: hung up on in the middle of sending, few clients read the answer."""
        left = self._most * _LINGER_BODIES
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


async def whole_body(receive: Receive, *, most_bytes: int) -> bytes | None:
    """Take a body in, to its end; None for one that was cut off. Raises Problem once it is over the limit."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
        if size > most_bytes:
            raise _too_large(most_bytes)
    return b"".join(parts)


def _too_large(most_bytes: int) -> Problem:
    detail = f"the body is over {most_bytes} bytes: send less, such as fewer lines or shorter notes"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)


async def _hang_up(problem: Problem, send: Send, after: Callable[[], Awaitable[None]]) -> None:
    response = problem.response()
    headers = [*response.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await after()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def replay(message: Message, receive: Receive) -> Receive:
    """Give a `receive` that gives this message before what comes next."""
    pending = [message]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
