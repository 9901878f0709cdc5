"""One client's Engine.IO connection, which writes directly. With engine.py, the place that leans on private names.

python-engineio 4.15 puts every packet into a queue of its connection, and needs three tasks for what leaves it. Here a
WebSocket connection has no queue: what is sent is written, so that one way out keeps one order (CONNECT, replays,
answers, live batches, pings). A polling connection keeps the library's queue, and at an upgrade leaves it empty in one
turn of the event loop.
"""

from collections.abc import Callable
from typing import Any, Protocol

from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError
from engineio.packet import CLOSE, MESSAGE, NOOP, PING, PONG, Packet

from notifier.frames import BINARY, TEXT, WORTH_DEFLATING, closing, deflated, frame
from notifier.inbox import Inbox
from notifier.upgrade import Upgrade
from notifier.websocket import EXTENSION, Peer, WebSocket
from notifier.wheel import Wheel

_PING = frame(TEXT, str(PING).encode())
_PONG = str(PONG)
_STUCK_LOOKS = 2  # turns of the wheel without any progress


class Owner(Protocol):
    """What a connection needs of its server."""

    wheel: "Wheel[Socket]"
    buffer_bytes: int
    tell_missed: Callable[[str], str]
    ping_timeout: float
    sockets: dict[str, Any]
    reason: Any

    def changed(self, socket: "Socket") -> None:
        """Take note that a client is reached in another way from now on."""

    def leave(self, socket: "Socket") -> None:
        """Forget a client that is going."""

    def is_somebody(self, eio_sid: str) -> bool:
        """Say whether a connection has become a Socket.IO client."""

    async def _trigger_event(self, event: str, *arguments: Any, run_async: bool) -> Any: ...

    def start_background_task(self, work: Any, **arguments: Any) -> Any:
        """Run a coroutine function as a task."""


def _framed(packet: Packet, *, deflate: bool) -> bytes:
    data = packet.encode()
    opcode, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
    return deflated(opcode, payload) if deflate and len(payload) >= WORTH_DEFLATING else frame(opcode, payload)


class Socket(AsyncSocket):  # type: ignore[misc]  # python-engineio carries no types
    """One client's connection. Invariant: what is sent goes to `queue` until there is a `web`, then to that.

    `slow` says that the client does not keep up: what can be caught up on is skipped, and `missed` names its rooms.
    """

    server: Owner
    queue: Any
    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool

    def __init__(self, server: Owner, sid: str) -> None:
        super().__init__(server, sid)
        self.web: WebSocket | None = None
        self.slow = False
        self.missed: set[str] | None = None
        self.awaits_pong = False
        self._queued_bytes = 0
        self._seen_waiting, self._looks = 0, 0
        self._inbox: Inbox | None = None
        self.place = server.wheel.add(self)

    def put(self, packet: Packet) -> None:
        """Send a packet, now or with the next poll. To a connection that has ended: nothing."""
        if self.closed:
            return
        if self.web is not None:
            self._write(_framed(packet, deflate=self.web.takes_deflated))
            return
        self.queue.put_nowait(packet)
        self._queued_bytes += len(packet.data) if isinstance(packet.data, str) else 0
        if self._queued_bytes > self.server.buffer_bytes and not self.slow:
            self.filled()

    def skip_or_put(self, packet: Packet, room: str | None) -> bool:
        """Send what can be caught up on; a slow client is told later what it missed. Says whether it was sent."""
        if not self.slow:
            self.put(packet)
        elif room is not None:
            self.missed = {*(self.missed or ()), room}
        return not self.slow

    async def send(self, pkt: Packet) -> None:
        """Send a packet, as the library asks for it."""
        self.put(pkt)

    async def poll(self) -> list[Packet]:
        """Wait for packets to answer a poll with."""
        packets: list[Packet] = await super().poll()
        self._queued_bytes = 0
        if self.slow:
            self.drained()
        return packets

    def schedule_ping(self) -> None:
        """Take note of an answer to a ping; the wheel sends the next one."""
        self.awaits_pong = False

    def ping(self) -> None:
        """Ask the client whether it is there. A slow one would only find it behind all that waits."""
        if self.closing or (self.slow and self.web is not None):
            return
        self.awaits_pong = True
        if self.web is None:
            self.queue.put_nowait(Packet(PING))
        else:
            self._write(_PING)

    def look(self) -> None:
        """End a connection that does not answer, does not drain, or has never become anybody's."""
        if self.slow and self.web is not None:
            waiting = self.web.waiting_bytes
            self._looks = 0 if waiting < self._seen_waiting else self._looks + 1
            self._seen_waiting = waiting
        if self.awaits_pong or self._looks >= _STUCK_LOOKS or not self.server.is_somebody(self.sid):
            self.end(self.server.reason.PING_TIMEOUT)

    def end(self, reason: str) -> None:
        """Cut the connection off and clear up behind it."""
        if self.web is not None:
            self.web.abort()  # gone() follows
        else:
            self.server.start_background_task(self.close, wait=False, abort=True, reason=reason)

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002  # the library's signature
        """Close behind what was sent; with `abort`, at once. Never waits for the client."""
        if self.closed or self.closing:
            return
        self.closing = True
        self.server.leave(self)
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server._trigger_event("disconnect", self.sid, reason, run_async=False)  # noqa: SLF001  # see engine.py
        if self.web is not None:
            (self.web.abort if abort else self._close_web)()
        else:
            if not abort:
                self.put(Packet(CLOSE))
            self.queue.put_nowait(None)
        self.closed = True
        self.server.sockets.pop(self.sid, None)

    def received(self, text: str) -> None:
        """Take a message in; they are worked off one after the other, by a task only while there are any."""
        if text == _PONG:
            self.awaits_pong = False
            return
        self._into_inbox(text)

    def filled(self) -> None:
        """Skip from now on what can be caught up on, and take no more questions until the answers are read."""
        self.slow, self._looks = True, 0
        self.server.changed(self)
        if self.web is not None:
            self._seen_waiting, self.awaits_pong = self.web.waiting_bytes, False  # its pong is not read now
            self._listen()

    def drained(self) -> None:
        """Tell the client what it missed, and serve it again."""
        self.slow, self.awaits_pong = False, False
        missed, self.missed = self.missed or (), None
        self.server.changed(self)
        self._listen()
        for room in missed:
            self.put(Packet(MESSAGE, self.server.tell_missed(room)))

    def gone(self) -> None:
        """Clear up when everything that came before was worked off."""
        self._into_inbox(None)

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> str:
        """Take a WebSocket: as this client's only transport, or in the place of its polling."""
        web: WebSocket = environ["asgi.scope"]["extensions"][EXTENSION]
        if self.connected:
            web.accept(Upgrade(self, web, self.server.ping_timeout), b"")
        else:
            self.connected = True
            self.take(web, web.accept)
        return ""  # the library answers nothing

    def take(self, web: WebSocket, begin: Callable[[Peer, bytes], None]) -> None:
        """Move from the queue to the WebSocket, in one turn: what was queued goes first."""
        frames = []
        while not self.queue.empty():
            packet = self.queue.get_nowait()
            if packet is not None and packet.packet_type != NOOP:
                frames.append(_framed(packet, deflate=False))
        self.queue.put_nowait(None)  # ends a poll that should not be there any more
        self.web, self.upgraded, self.upgrading = web, True, False
        self._queued_bytes = 0
        begin(self, b"".join(frames))
        self.queue = None  # three kilobytes
        if self.slow:
            self.drained()
        self.server.changed(self)

    def _write(self, data: bytes) -> None:
        if self.web is not None and not self.web.transport.is_closing():
            self.web.transport.write(data)

    def _close_web(self) -> None:
        if self.web is not None:
            self.web.close(closing(1000))

    def _into_inbox(self, text: str | None) -> None:
        if self._inbox is None:
            self._inbox = Inbox(self._work_off, self._listen)
        self._inbox.put(text)

    def _listen(self) -> None:
        if self.web is not None:
            self.web.listen(not self.slow and not (self._inbox is not None and self._inbox.full))

    async def _work_off(self, text: str | None) -> None:
        if text is None:
            await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
        else:
            await self._answer(text)

    async def _answer(self, text: str) -> None:
        try:
            await self.receive(Packet(encoded_packet=text))
        except (ValueError, LookupError, EngineIOError):  # not Engine.IO: whoever sent it is no screen
            self.end(self.server.reason.TRANSPORT_ERROR)
