"""uvicorn as this service needs it: it leaves signals alone, waits for no slow head, and complains in problems.

httptools parses in C, at a third of what h11 costs a request, but sets no limit to a head and answers faults in plain
text, before what was asked earlier on the connection. Invariant: answers keep the order of the requests.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from order_api.limits import MOST_HEADER_BYTES, headers_too_large
from order_api.problems import Problem
from order_api.settings import Settings

_LINGER_SECONDS = 1.0


class Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before what is below has been closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the composition root."""
        yield


class _Http(HttpToolsProtocol):
    """Ends connections whose request line and headers do not come, or do not end: uvicorn would keep them for good."""

    def __init__(self, *arguments: Any, head_seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._in_head, self._head_bytes = True, 0
        self._fault: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._fault is not None:
            return  # nothing that comes after it can be told apart
        went_on = self._in_head
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes += len(data) if went_on else 0
        if self._head_bytes > MOST_HEADER_BYTES:
            self._refuse(headers_too_large())
        elif self.cycle is None or self.cycle.response_complete:
            self._watch_head()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._unwatch()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._fault is not None and not self.pipeline and self.cycle.response_complete:
            self._hang_up(self._fault)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as this service answers everything. Called while its error is handled."""
        self._refuse(Problem(HTTPStatus.BAD_REQUEST, "bad_request", f"{msg} {sys.exception()}"))

    def _refuse(self, problem: Problem) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_complete or (cycle.more_body and not self.pipeline):
            self._hang_up(None if cycle and cycle.response_started and cycle.more_body else problem)
        else:
            self._fault = problem  # said once what came before it has been answered

    def _hang_up(self, problem: Problem | None) -> None:
        if problem is not None and not self.transport.is_closing():
            response = problem.response()
            lines = [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
            head = [STATUS_LINE[response.status_code], *lines, b"connection: close\r\n\r\n"]
            self.transport.write(b"".join([*head, bytes(response.body)]))
            self.transport.write_eof()  # and reads on for a moment: closed with bytes unread, the answer may be lost
            self._fault = problem
            if self.cycle is not None:  # whoever still waits for its body
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def _watch_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self._head_seconds, self.transport.close)

    def _unwatch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


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
            proxy_headers=False,  # nothing here asks who is at the other end of the socket
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
