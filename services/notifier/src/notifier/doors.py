"""The ways in: the listening socket, which connections may begin, and how uvicorn and Socket.IO treat them."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import socketio
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

_MESSAGE_BYTES = 64 * 1024
_SEND_BUFFER_BYTES = 256 * 1024
_DEAD_PEER_MS = 20_000


class Server(uvicorn.Server):
    """uvicorn without its own signal handling, which cuts every socket at once before anything can be drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the composition root."""
        yield


class Gate:
    """Turns new Socket.IO connections away while this replica is not ready, and lets the others go on.

    A refusal below Socket.IO, because clients take it as a passing fault and try again by themselves.
    """

    def __init__(self, app: ASGIApp, *, closed: Callable[[], bool]) -> None:
        self._app, self._closed = app, closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        new = scope["type"] != "lifespan" and b"sid=" not in scope["query_string"]
        if not (new and self._closed() and scope["path"].startswith("/socket.io")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1013})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"1")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": b"not ready: try again\n"})


def listening_socket(host: str, port: int) -> socket.socket:
    """Open the socket whose options every connection inherits.

    A peer that stops reading is given up by the kernel: uvicorn has no way to end such a connection, and would keep
    its backlog for good. A small send buffer makes a slow peer show early.
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


def socketio_server(origins: Sequence[str]) -> socketio.AsyncServer:
    """Make the Socket.IO server. Handlers run in the order in which a screen asked: a join, then a leave."""

    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        return origin in origins or urlsplit(origin).netloc == environ.get("HTTP_HOST")

    return socketio.AsyncServer(
        async_mode="asgi",
        async_handlers=False,
        cors_allowed_origins=allowed,
        ping_interval=10,
        ping_timeout=8,
        max_http_buffer_size=_MESSAGE_BYTES,
        http_compression=False,
    )


def server(app: ASGIApp) -> Server:
    """Make the HTTP server; it serves the sockets that it is given."""
    return Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=_MESSAGE_BYTES,
            ws_ping_interval=None,  # Engine.IO has its own
            ws_per_message_deflate=False,  # compresses each member's copy anew, half a megabyte a connection
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
