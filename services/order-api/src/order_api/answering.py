"""An answer that is whole, sent in one go where the server can: ASGI has two messages, each through all layers."""

from collections.abc import Callable, Mapping, Sequence

from starlette.types import Scope, Send

WHOLE = "order_api.whole"
"""The extension by which `http_server` offers that. Whoever has to see the messages takes it out of the scope."""
Headers = Sequence[tuple[bytes, bytes]]
Whole = Callable[[int, Headers, bytes], bool]
"""Sends status, headers and body; False: not now, send them as messages."""


async def answer(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Answer with some JSON; `headers` are those beside its type and length, well-formed and in lower case."""
    all_ = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
    offered: Mapping[str, Whole] | None = scope.get("extensions", {}).get(WHOLE)
    if offered is None or not offered["send"](status, all_, body):
        await send({"type": "http.response.start", "status": status, "headers": all_})
        await send({"type": "http.response.body", "body": body})
