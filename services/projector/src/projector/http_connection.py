"""One HTTP connection, as uvicorn's `Config(http=...)` takes it: a request is here within its time, or it is hung up.

uvicorn alone keeps for good whoever never ends what it says, and httptools takes a head of any length: without a token,
one connection could fill the memory. What must not break: who sends whole requests is never cut.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from order_contracts.problem import MEDIA_TYPE, ProblemFacts

_MOST_HEAD_BYTES = 32 * 1024
_LINGER_SECONDS = 1.0


class HttpConnection(HttpToolsProtocol):
    """Invariant: while no request is whole or being answered, a timer runs that ends the connection."""

    def __init__(self, *arguments: Any, seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._heads, self._head_bytes = 0, 0
        self._in_head, self._whole, self._over = True, True, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and wait for those that are still missing."""
        if not self._over:
            heads = self._heads
            super().data_received(data)
            self._head_bytes = self._head_bytes + len(data) if heads == self._heads and self._in_head else 0
            self._wait_for_more()

    def on_message_begin(self) -> None:
        """Take note that a request has begun."""
        self._in_head, self._whole = True, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take note of the end of a head."""
        self._in_head = False
        self._heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take note that a request is whole."""
        self._in_head, self._whole = True, True
        self._unwatch()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as this service answers everything."""
        self._hang_up(HTTPStatus.BAD_REQUEST, "bad_request", msg)

    @property
    def _is_free(self) -> bool:
        """Whether nothing is being answered; uvicorn does not say that before the first request there is none."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait_for_more(self) -> None:
        if self._over or self.transport.is_closing():
            return
        if self._head_bytes > _MOST_HEAD_BYTES:
            detail = f"more than {_MOST_HEAD_BYTES} bytes of headers: send fewer or shorter ones"
            self._hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
        elif not self._whole or self._is_free:
            self._watch()

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._seconds, self._give_up)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.flow.read_paused:
            self._watch()  # it is us who do not take what it sends
        elif self._whole:
            self.transport.close()  # it said nothing, so there is nothing to answer
        else:
            detail = f"the request was not there after {self._seconds:g} s: send it again"
            self._hang_up(HTTPStatus.REQUEST_TIMEOUT, "request_too_slow", detail)

    def _hang_up(self, status: HTTPStatus, code: str, detail: str) -> None:
        self._unwatch()
        self._over = True
        if not (self._is_free and self._in_head) or self.transport.is_closing():
            self.transport.close()
            return
        body = ProblemFacts(status, code, detail).encoded()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.write_eof()  # and reads on for a moment: closed with bytes unread, the answer may be lost
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)
