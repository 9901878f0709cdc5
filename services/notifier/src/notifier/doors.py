"""The ways in: the listening socket, which connections may begin, and how uvicorn and Socket.IO treat them."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.broadcast import event_text
from notifier.engine import RoomServer
from notifier.http_connection import REQUEST_SECONDS, HttpConnection
from notifier.websocket import WebSocket
from order_contracts.channels import RESYNC

SOCKET_IO = "/socket.io"
_MESSAGE_BYTES = 64 * 1024
_BUFFER_BYTES = 256 * 1024
_SEND_BUFFER_BYTES = 256 * 1024
_DEAD_PEER_MS = 20_000


class Server(uvicorn.Server):
    """uvicorn without its own signal handling, which cuts every socket at once before anything can be drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the composition root."""
        yield


class Gate:
    """Turns new Socket.IO connections away while this replica can't take them, and lets the others go on.

    `closed` says that it takes none; `admit` lets one in (None) or says in how many seconds it should come again.
    A refusal below Socket.IO, because clients take it as a passing fault and try again by themselves.
    """

    def __init__(self, app: ASGIApp, *, closed: Callable[[], bool], admit: Callable[[], int | None]) -> None:
        self._app, self._closed, self._admit = app, closed, admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        wait = self._wait(scope)
        if wait is None:
            await self._app(scope, receive, send)
            return
        kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"%d" % wait)]
        await send({"type": f"{kind}.start", "status": 503, "headers": headers})
        await send({"type": f"{kind}.body", "body": b"not now: try again in %d s\n" % wait})

    def _wait(self, scope: Scope) -> int | None:
        if scope["type"] == "lifespan" or b"sid=" in scope["query_string"] or not scope["path"].startswith(SOCKET_IO):
            return None
        return 1 if self._closed() else self._admit()


def listening_socket(host: str, port: int) -> socket.socket:
    """Open the socket whose options every connection inherits.

    A peer that is gone without a word is given up by the kernel. A small send buffer makes a slow one show early: the
    kernel would take 36 MB of each before anything of it is seen here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_MS)
    listening.bind((host, port))
    listening.listen(2048)
    return listening


def socketio_server(origins: Sequence[str], buffer_bytes: int = _BUFFER_BYTES) -> RoomServer:
    """Make the Socket.IO server. Handlers run in the order in which a screen asked: a join, then a leave."""

    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        return origin in origins or urlsplit(origin).netloc == environ.get("HTTP_HOST")

    return RoomServer(
        buffer_bytes=buffer_bytes,
        tell_missed=lambda room: event_text(RESYNC, {"room": room}),
        async_handlers=False,
        cors_allowed_origins=allowed,
        ping_interval=10,
        ping_timeout=8,
        max_http_buffer_size=_MESSAGE_BYTES,
        http_compression=False,
    )


def server(
    app: ASGIApp,
    buffer_bytes: int = _BUFFER_BYTES,
    *,
    deflate: bool = False,
    request_seconds: float = REQUEST_SECONDS,
) -> Server:
    """Make the HTTP server; it serves the sockets that it is given. A request has `request_seconds` to come whole."""
    http: Any = partial(HttpConnection, seconds=request_seconds)
    ws = type("ConfiguredWebSocket", (WebSocket,), {"buffer_bytes": buffer_bytes, "deflate": deflate})
    return Server(
        uvicorn.Config(
            app,
            lifespan="off",
            http=http,
            ws=ws,  # pings and deflate are not uvicorn's there
            ws_max_size=_MESSAGE_BYTES,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
