"""uvicorn as this service needs it: it leaves signals alone, waits for no slow head, and complains in problems."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from order_api.limits import MOST_HEADER_BYTES, headers_too_large
from order_api.problems import Problem
from order_api.settings import Settings


class Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before what is below has been closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the composition root."""
        yield


class _Http(H11Protocol):
    """Ends connections whose request line and headers do not come: uvicorn would keep them for good."""

    def __init__(self, *arguments: Any, head_seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._unwatch()
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self._head_seconds, self.transport.close)

    def _unwatch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, as this service answers everything."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            response = _problem_of(sys.exception(), msg).response()
            headers = [*response.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=response.status_code, headers=headers),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _problem_of(error: BaseException | None, text: str) -> Problem:
    if getattr(error, "error_status_hint", None) == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return headers_too_large()
    return Problem(HTTPStatus.BAD_REQUEST, "bad_request", f"{text} {error}")


def server(app: Any, settings: Settings) -> Server:
    """Make the HTTP server of this process."""
    http: Any = partial(_Http, head_seconds=settings.read_timeout_seconds)
    return Server(
        uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            http=http,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        )
    )
