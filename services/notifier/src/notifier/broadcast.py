"""Messages onto sockets: encoded once, the same packet for every member of a room.

The one place that reaches into python-socketio and python-engineio (5.18, 4.15). It puts packets onto the Engine.IO
sockets' own queues, as the library does: replay, acknowledgements and live batches keep the order in which they were
queued. Nothing here awaits, so nothing can come between two calls in one turn of the event loop. The library's own
emit would start a task for each member.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import socketio
from engineio.packet import MESSAGE, Packet

from order_contracts.channels import BATCH

_NAMESPACE = "/"
_encoder = msgspec.json.Encoder()


def batch_text(values: Iterable[bytes], *, room: str, prev: str, to: str, server_time: str) -> str:
    """Give the Socket.IO packet of a batch. The events are the log's bytes, joined, neither decoded nor encoded."""
    meta = _encoder.encode({"room": room, "prev": prev, "to": to, "server_time": server_time})
    return b"".join((b'2["', BATCH.encode(), b'",[', b",".join(values), b"],", meta, b"]")).decode()


def event_text(name: str, body: dict[str, Any]) -> str:
    """Give the Socket.IO packet of any other event."""
    return "2" + _encoder.encode([name, body]).decode()


class Broadcast:
    """Rooms and their members, as python-socketio keeps them."""

    def __init__(self, server: socketio.AsyncServer) -> None:
        self._server = server

    def enter(self, sid: str, room: str) -> None:
        """Make a screen a member of a room, at once: the library's own way is a coroutine around this."""
        self._server.manager.basic_enter_room(sid, _NAMESPACE, room)

    def leave(self, sid: str, room: str) -> None:
        """End a screen's membership."""
        self._server.manager.basic_leave_room(sid, _NAMESPACE, room)

    def rooms(self, sid: str) -> Sequence[str]:
        """Name the rooms that a screen is in; its own, named as itself, is not one."""
        return [room for room in self._server.manager.get_rooms(sid, _NAMESPACE) if room != sid]

    def has_members(self, room: str) -> bool:
        """Whether anybody is in a room."""
        return any(True for _ in self._server.manager.get_participants(_NAMESPACE, room))

    def to_room(self, room: str | None, text: str) -> int:
        """Queue a packet for all members of a room, for everybody when None. Gives for how many."""
        packet = Packet(MESSAGE, text)
        return sum(self._queue(eio, packet) for _, eio in self._server.manager.get_participants(_NAMESPACE, room))

    def to_screen(self, sid: str, text: str) -> None:
        """Queue a packet for one screen."""
        eio_sid = self._server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        if eio_sid is not None:
            self._queue(eio_sid, Packet(MESSAGE, text))

    async def hang_up(self, sid: str) -> None:
        """Close a screen's connection behind what is queued, so that its client connects again by itself.

        A Socket.IO disconnect would tell the client to stay away. An Engine.IO close packet is heeded on polling
        only; on WebSocket the end of the queue ends the writer, which closes the socket.
        """
        eio_sid = self._server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        socket = None if eio_sid is None else self._server.eio.sockets.get(eio_sid)
        if socket is None or socket.closed:
            return
        if socket.upgraded:
            socket.queue.put_nowait(None)
        else:
            await socket.close(wait=False)

    def _queue(self, eio_sid: str, packet: Packet) -> bool:
        socket = self._server.eio.sockets.get(eio_sid)
        if socket is None or socket.closed:
            return False
        socket.queue.put_nowait(packet)
        return True
