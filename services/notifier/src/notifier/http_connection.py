"""One HTTP connection, as uvicorn's `Config(http=...)` takes it: a request is here within its time, or it is hung up.

uvicorn alone keeps a connection for good that says nothing, or never ends what it says, and httptools sets no limit to
a head. What must not break: who sends whole requests is never cut, and only a connection's first costs a timer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from notifier.handshake import refusal

REQUEST_SECONDS = 10.0
_MOST_HEAD_BYTES = 32 * 1024
_LINGER_SECONDS = 1.0


class HttpConnection(HttpToolsProtocol):
    """Invariant: while no request is whole or answered, a timer runs that ends the connection."""

    def __init__(self, *arguments: Any, seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._heads, self._head_bytes = 0, 0
        self._in_head, self._whole, self._over = False, True, False

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
        if self._over:
            return
        heads = self._heads
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # refused, or a WebSocket by now
        self._head_bytes = self._head_bytes + len(data) if heads == self._heads and self._in_head else 0
        if self._head_bytes > _MOST_HEAD_BYTES:
            self._hang_up(431, f"a request's head may have {_MOST_HEAD_BYTES} bytes: send fewer or shorter headers")
        elif not self._whole or self._is_free:
            self._watch()

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
        self._whole = True
        self._unwatch()
        super().on_message_complete()

    @property
    def _is_free(self) -> bool:
        """Whether nothing is being answered; uvicorn does not say that before the first request there is none."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over for good."""
        self._unwatch()
        super().handle_websocket_upgrade()

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
            self._hang_up(408, f"the request was not there after {self._seconds:g} s: send it again")

    def _hang_up(self, status: int, text: str) -> None:
        self._unwatch()
        self._over = True
        if self._is_free and self._in_head:
            self.transport.write(refusal(status, [], text.encode() + b"\n"))
            self.transport.write_eof()  # and reads on for a moment: closed with bytes unread, the answer may be lost
            self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()
