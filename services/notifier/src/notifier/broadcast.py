"""Messages onto sockets: encoded once, framed once, the same bytes for every member of a room.

Nothing here awaits, so nothing can come between two calls in one turn of the event loop. The library's own emit would
start a task for each member, and frame each member's copy anew.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from engineio.packet import MESSAGE, Packet

from notifier.engine import RoomServer
from notifier.frames import TEXT, WORTH_DEFLATING, deflated, frame
from notifier.members import NAMESPACE, Members
from order_contracts.channels import BATCH

_MESSAGE = str(MESSAGE).encode()
_encoder = msgspec.json.Encoder()


def batch_text(values: Iterable[bytes], *, room: str, prev: str, to: str, server_time: str) -> str:
    """Give the Socket.IO packet of a batch. The events are the log's bytes, joined, neither decoded nor encoded."""
    meta = _encoder.encode({"room": room, "prev": prev, "to": to, "server_time": server_time})
    return b"".join((b'2["', BATCH.encode(), b'",[', b",".join(values), b"],", meta, b"]")).decode()


def event_text(name: str, body: dict[str, Any]) -> str:
    """Give the Socket.IO packet of any other event."""
    return "2" + _encoder.encode([name, body]).decode()


class Broadcast:
    """Rooms and their members, as the Socket.IO server keeps them."""

    def __init__(self, server: RoomServer) -> None:
        self._members: Members = server.manager

    def enter(self, sid: str, room: str) -> None:
        """Make a screen a member of a room, at once: the library's own way is a coroutine around this."""
        self._members.basic_enter_room(sid, NAMESPACE, room)

    def leave(self, sid: str, room: str) -> None:
        """End a screen's membership."""
        self._members.basic_leave_room(sid, NAMESPACE, room)

    def has_members(self, room: str) -> bool:
        """Whether anybody is in a room."""
        return bool(self._members.outlets(room))

    def to_room(self, room: str | None, text: str) -> int:
        """Send a packet to all members of a room, to everybody when None. Gives to how many.

        Those that do not keep up miss it, and are told so when they have caught up.
        """
        outlets, data = self._members.outlets(room), _MESSAGE + text.encode()
        sent = 0
        if outlets.plain:
            sent += _write_all(outlets.plain, frame(TEXT, data))
        if outlets.deflated:
            worth = len(data) >= WORTH_DEFLATING
            sent += _write_all(outlets.deflated, deflated(TEXT, data) if worth else frame(TEXT, data))
        if outlets.others:
            packet = Packet(MESSAGE, text)
            sent += sum(socket.skip_or_put(packet, room) for socket in outlets.others)
        return sent

    def to_screen(self, sid: str, text: str) -> None:
        """Send a packet to one screen, however slow it is."""
        socket = self._members.socket_of(sid)
        if socket is not None:
            socket.put(Packet(MESSAGE, text))

    async def hang_up(self, sid: str) -> None:
        """Close a screen's connection behind what was sent, so that its client connects again by itself.

        A Socket.IO disconnect would tell the client to stay away.
        """
        socket = self._members.socket_of(sid)
        if socket is not None:
            await socket.close(wait=False)


def _write_all(writes: Sequence[Any], data: bytes) -> int:
    """Write to each; one that was cut in this very turn must not keep the others from it."""
    sent = len(writes)
    for write in writes:
        try:
            write(data)
        except RuntimeError:  # uvloop, after abort()
            sent -= 1
    return sent
