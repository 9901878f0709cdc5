"""Bounds on one HTTP connection: a request is here within its time, its head has bounds, or it is hung up.

uvicorn alone keeps for good whoever says nothing or never ends what it says, and httptools takes any number of headers:
without a token, one connection could fill the memory. Used as the first base of a service's subclass of uvicorn's
`HttpToolsProtocol`, of which nothing is imported here. What must not break: who sends whole requests is never cut.
"""

import asyncio
from http import HTTPStatus
from typing import Any

MOST_HEADERS = 100
MOST_HEAD_BYTES = 32 * 1024
_LINGER_SECONDS = 1.0
_Protocol: Any = object


class _HeadTooLarge(Exception):
    """A header that nobody needs."""


class BoundedRequests(_Protocol):  # type: ignore[misc]  # the server's protocol comes next in line
    """Invariant: while no request is whole or being answered, a timer runs that ends the connection.

    `seconds`: until a request has to be here, and until the first has to begin.
    """

    def __init__(self, *arguments: Any, seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._heads, self._head_bytes = 0, 0
        self._in_head, self._whole, self._over = False, True, False
        self._room, self._too_large = MOST_HEAD_BYTES, False

    def refusal(self, status: HTTPStatus, detail: str) -> bytes:
        """Write an answer out that is the connection's last."""
        raise NotImplementedError

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and wait for those that are still missing."""
        if self._over:
            return
        heads = self._heads
        super().data_received(data)
        if not self._goes_on:
            return
        self._head_bytes = self._head_bytes + len(data) if heads == self._heads and self._in_head else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse_head()
        elif not self._whole or self._is_free:
            self._watch()

    def on_message_begin(self) -> None:
        """Take note that a request has begun."""
        self._in_head, self._whole = True, False
        self._room = MOST_HEAD_BYTES
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one in, of the head or behind the body. Ends the parsing where it is one too many."""
        self._room -= len(name) + len(value)
        if self._room < 0 or len(self.headers) == MOST_HEADERS:
            self._too_large = True
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take note of the end of a head."""
        self._in_head = False
        self._heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take note that a request is whole."""
        self._whole = True
        self._unwatch()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser takes no further: no HTTP, or too much of it."""
        if self._too_large:
            self._refuse_head()
        else:
            self.hang_up(HTTPStatus.BAD_REQUEST, msg)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over for good."""
        self._unwatch()
        super().handle_websocket_upgrade()

    def hang_up(self, status: HTTPStatus, detail: str) -> None:
        """End the connection, with a word where one can be told from the answer to something else."""
        self._unwatch()
        self._over = True
        if self.transport.is_closing():
            return
        if not (self._is_free and self._in_head):
            self.transport.close()
            return
        self.transport.write(self.refusal(status, detail))
        self.transport.write_eof()  # and reads on for a moment: closed with bytes unread, the answer may be lost
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    @property
    def _goes_on(self) -> bool:
        """Whether more is to be waited for here: it was not refused, and is no WebSocket by now."""
        return not (self._over or self.transport.is_closing()) and self.transport.get_protocol() is self

    @property
    def _is_free(self) -> bool:
        """Whether nothing is being answered; uvicorn does not say that before the first request there is none."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _refuse_head(self) -> None:
        detail = f"a request may have {MOST_HEADERS} headers, {MOST_HEAD_BYTES} bytes in all: send fewer or shorter"
        self.hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)

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
            self.hang_up(HTTPStatus.REQUEST_TIMEOUT, detail)
