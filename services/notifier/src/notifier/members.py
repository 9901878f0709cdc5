"""The rooms of the Socket.IO server, as its documented `client_manager`, and how to write to all of a room at once.

What must not break: a room's outlets are made anew after any change to who is in it or how its members are reached.
python-socketio's own manager looks through every room of a namespace when a client leaves it, and keeps a room for
each client; here a client's rooms are known, and its own room is only a name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import socketio

from notifier.connection import Socket

NAMESPACE = "/"


@dataclass(slots=True)
class Outlets:
    """How a room's members are reached: by writing plain or deflated frames, and those that need a closer look."""

    plain: list[Callable[[bytes], None]] = field(default_factory=list)
    deflated: list[Callable[[bytes], None]] = field(default_factory=list)
    others: list[Socket] = field(default_factory=list)

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self.plain) + len(self.deflated) + len(self.others)


class Members(socketio.AsyncManager):  # type: ignore[misc]  # python-socketio carries no types
    """Who is in which room. Invariant: `_rooms_of` and the rooms tell the same."""

    def __init__(self, sockets: Callable[[], Mapping[str, Socket]]) -> None:
        super().__init__()
        self._sockets = sockets  # by Engine.IO id; asked each time, since the library replaces its dict
        self._rooms_of: dict[tuple[str, str], set[str]] = {}
        self._outlets: dict[str | None, Outlets] = {}

    def outlets(self, room: str | None) -> Outlets:
        """Give the outlets of a room, of everybody when None."""
        known = self._outlets.get(room)
        if known is None:
            known = self._reach(room)
            if known:
                self._outlets[room] = known
        return known

    def forget_outlets(self, eio_sid: str) -> None:
        """Have every room of a client look anew at how it is reached."""
        self._outlets.pop(None, None)
        for room in self._rooms_of.get((NAMESPACE, self.sid_from_eio_sid(eio_sid, NAMESPACE) or ""), ()):
            self._outlets.pop(room, None)

    def socket_of(self, sid: str) -> Socket | None:
        """Give a client's connection, while there is one."""
        eio_sid = self.eio_sid_from_sid(sid, NAMESPACE)
        return None if eio_sid is None else self._sockets().get(eio_sid)

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        """Put a client into a room. Raises ValueError when it is not connected."""
        if room == sid:
            return
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if room is not None:
            self._rooms_of.setdefault((namespace, sid), set()).add(room)
        self._outlets.pop(room, None)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take a client out of a room."""
        super().basic_leave_room(sid, namespace, room)
        if room is not None and (rooms := self._rooms_of.get((namespace, sid))) is not None:
            rooms.discard(room)
        self._outlets.pop(room, None)

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Take a client out of its rooms, and out of what the library still expects of it."""
        for room in tuple(self._rooms_of.pop((namespace, sid), ())):
            self.basic_leave_room(sid, namespace, room)
        self.basic_leave_room(sid, namespace, None)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            waiting = pending.get(namespace, [])
            if sid in waiting:
                waiting.remove(sid)
                if not waiting:
                    del pending[namespace]

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        """Name a client's rooms, its own included."""
        rooms = [*self._rooms_of.get((namespace, sid), ())]
        return [*rooms, sid] if self.is_sid_room(namespace, sid) else rooms

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Name who is in a room, with their Engine.IO ids; a client's own id is a room, too."""
        if isinstance(room, str) and self.is_sid_room(namespace, room):
            yield room, self.rooms[namespace][None][room]
        elif isinstance(room, (list, tuple)):
            yield from {pair for one in room for pair in self.get_participants(namespace, one)}
        else:
            yield from super().get_participants(namespace, room)

    def _reach(self, room: str | None) -> Outlets:
        found, sockets = Outlets(), self._sockets()
        for _, eio_sid in self.get_participants(NAMESPACE, room):
            socket = sockets.get(eio_sid)
            if socket is None or socket.closed or socket.closing:
                continue
            if socket.web is None or socket.slow:
                found.others.append(socket)
            elif socket.web.takes_deflated:
                found.deflated.append(socket.web.transport.write)
            else:
                found.plain.append(socket.web.transport.write)
        return found
