"""uvicorn as this service needs it: it leaves signals alone, waits for no slow head, and complains in problems.

httptools parses in C, at a third of what h11 costs a request, but sets no limit to a head and answers faults in plain
text, before what was asked earlier on the connection. Invariant: answers keep the order of the requests. A request that
comes whole, as almost all do, costs no timer.
"""

import asyncio
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from order_api.answering import WHOLE, Headers
from order_api.limits import headers_too_large
from order_api.problems import Problem
from order_api.settings import Settings
from order_contracts.bounded_requests import MOST_HEAD_BYTES

_LINGER_SECONDS = 1.0


class Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before what is below has been closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the composition root."""
        yield


class _OneWrite:
    """A transport as one response uses it: the head waits for the body's first part, so that both go out at once.

    uvloop makes a system call of each write, and that costs as much as deciding on an order.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._begun = False
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Keep the head of the response; write anything else, with it."""
        if not self._begun and not data.startswith(b"HTTP/1.1 100 "):
            self._head, self._begun = data, True
        elif self._head is not None:
            data, self._head = self._head + data, None
            self._transport.write(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close, once everything has gone out."""
        if self._head is not None:
            self.write(b"")
        self._transport.close()


def _send_whole(
    of: "weakref.ref[RequestResponseCycle]", transport: asyncio.Transport, status: int, headers: Headers, body: bytes
) -> bool:
    """Do what two messages to the cycle's `send` do; see `answering`."""
    cycle = of()
    if cycle is None or cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
    cycle.message_event.set()
    if not cycle.keep_alive:
        transport.close()
    cycle.on_response()
    return True


class _Http(HttpToolsProtocol):
    """Ends connections whose head or body does not come, or does not end: uvicorn would keep them for good."""

    def __init__(self, *arguments: Any, seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._in_head, self._heads, self._head_bytes = True, 0, 0
        self._fault: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._fault is not None:
            return  # nothing that comes after it can be told apart
        before = (self._in_head, self._heads)
        super().data_received(data)
        if before == (True, self._heads):
            self._head_bytes += len(data)
        if not self._in_head:
            self._watch()  # the body is not all there
        elif self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(headers_too_large())
        elif self._cycle is None or self._cycle.response_complete:
            self._watch()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._heads += 1
        self._unwatch()
        super().on_headers_complete()
        if self.cycle.scope["method"] != "HEAD":  # whose answer ends with the head
            self.cycle.transport = _OneWrite(self.transport)  # type: ignore[assignment]  # as far as it asks
            # Weakly: the cycle holds the scope, and what holds itself lives until the collector finds it.
            self.scope["extensions"] = {WHOLE: {"send": partial(_send_whole, weakref.ref(self.cycle), self.transport)}}

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True
        self._unwatch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._fault is not None and not self.pipeline and (self.cycle.response_complete or self.cycle.more_body):
            self._hang_up(self._fault)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as this service answers everything. Called while its error is handled."""
        self._refuse(Problem(HTTPStatus.BAD_REQUEST, "bad_request", f"{msg} {sys.exception()}"))

    @property
    def _cycle(self) -> RequestResponseCycle | None:
        """The newest request; uvicorn does not say that before the first there is none."""
        return self.cycle

    def _refuse(self, problem: Problem) -> None:
        cycle = self._cycle
        if cycle is None or cycle.response_complete or (cycle.more_body and not self.pipeline):
            self._hang_up(problem)
        else:
            self._fault = problem  # said once what came before it has been answered

    def _hang_up(self, problem: Problem) -> None:
        self._fault = problem
        cycle = self._cycle
        if cycle is not None and not cycle.response_complete:  # whoever still waits for its body
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
        if self.transport.is_closing():
            return
        response = problem.response()
        lines = [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
        head = [STATUS_LINE[response.status_code], *lines, b"connection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, bytes(response.body)]))
        self.transport.write_eof()  # and reads on for a moment: closed with bytes unread, the answer may be lost
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _watch(self) -> None:
        if self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(self._seconds, self._give_up)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        cycle = self._cycle
        if self._in_head or cycle is None or cycle.response_started:
            self.transport.close()
        else:
            detail = f"the body was not there after {self._seconds:g} s. Nothing was done: send it again"
            self._refuse(Problem(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", detail))


def server(app: Any, settings: Settings) -> Server:
    """Make the HTTP server of this process."""
    http: Any = partial(_Http, seconds=settings.read_timeout_seconds)
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
