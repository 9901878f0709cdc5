"""The WebSocket of a client that still polls, until it asks to be moved there (Engine.IO's probe and upgrade)."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from engineio.packet import NOOP, Packet

from notifier.frames import TEXT, frame
from notifier.websocket import Peer, WebSocket


class Polling(Peer, Protocol):
    """A connection that polls."""

    queue: Any
    upgrading: bool
    upgraded: bool
    closed: bool

    def take(self, web: WebSocket, begin: Callable[[Peer, bytes], None]) -> None:
        """Move to the WebSocket: `begin` makes this its peer and sends what was queued."""


class Upgrade:
    """The WebSocket's peer during the move. One that does not get there in time is cut, and the client polls on."""

    def __init__(self, polling: Polling, web: WebSocket, within: float) -> None:
        self._polling, self._web = polling, web
        self._ends = asyncio.get_running_loop().call_later(within, web.abort)

    def received(self, text: str) -> None:
        """Answer the probe, then the wish to move."""
        polling = self._polling
        if text == "2probe" and not (polling.upgrading or polling.upgraded or polling.closed):
            polling.upgrading = True
            self._web.transport.write(frame(TEXT, b"3probe"))
            polling.queue.put_nowait(Packet(NOOP))  # ends the poll that is waiting
        elif text == "5" and polling.upgrading and not polling.closed:
            self._ends.cancel()
            polling.take(self._web, self._move)
        else:
            self._web.abort()

    def filled(self) -> None:
        """Nothing is sent here that could fill anything."""

    def drained(self) -> None:
        """See filled."""

    def gone(self) -> None:
        """Let the client poll on."""
        self._ends.cancel()
        self._polling.upgrading = False

    def _move(self, peer: Peer, first: bytes) -> None:
        self._web.hand_over(peer)
        if first:
            self._web.transport.write(first)
