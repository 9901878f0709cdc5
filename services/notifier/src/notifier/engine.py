"""The Engine.IO and Socket.IO servers. With connection.py, the place that leans on private names of the libraries.

python-engineio has no way to be given another class of sockets. In use, of python-engineio 4.15 and python-socketio
5.18, and held by tests/integration/notifier/test_transports.py: `AsyncServer._handle_connect`, `_trigger_event`,
`_upgrades`, `_unauthorized`, `_ok`; `AsyncSocket._upgrade_websocket`, `schedule_ping`, `queue`, `upgrading`,
`upgraded`, `closing`; `socketio.AsyncServer._engineio_server_class`, `_handle_eio_connect`.
"""

from collections.abc import Callable
from typing import Any

import engineio
import socketio
from engineio.packet import OPEN, Packet

from notifier.connection import Socket
from notifier.members import NAMESPACE, Members
from notifier.wheel import Wheel

NOTCH_SECONDS = 0.25


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # python-engineio carries no types
    """The Engine.IO server. `turn` is to be called every NOTCH_SECONDS: it pings, and looks after those pinged."""

    members: Members
    tell_missed: Callable[[str], str]
    buffer_bytes: int

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, monitor_clients=False)
        notches, grace = (max(1, round(s / NOTCH_SECONDS)) for s in (self.ping_interval, self.ping_timeout))
        self.wheel: Wheel[Socket] = Wheel(notches, min(grace, notches - 1))

    def turn(self) -> None:
        """Ping those that are due, and end those that have not answered in time."""
        to_ping, to_look_at = self.wheel.turn()
        for socket in tuple(to_look_at):
            socket.look()
        for socket in tuple(to_ping):
            socket.ping()

    def changed(self, socket: Socket) -> None:
        """Take note that a client is reached in another way from now on."""
        self.members.forget_outlets(socket.sid)

    def leave(self, socket: Socket) -> None:
        """Forget a client that is going."""
        self.wheel.remove(socket, socket.place)
        self.members.forget_outlets(socket.sid)

    def is_somebody(self, eio_sid: str) -> bool:
        """Say whether a connection has become a Socket.IO client."""
        return self.members.sid_from_eio_sid(eio_sid, NAMESPACE) is not None

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Begin a connection, as the library does, with a socket of ours."""
        sid = self.generate_id()
        socket = self.sockets[sid] = Socket(self, sid)
        opened = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.put(Packet(OPEN, opened))
        refused = await self._trigger_event("connect", sid, environ, run_async=False)
        if refused is not None and refused is not True:
            self.sockets.pop(sid)
            self.leave(socket)
            return self._unauthorized(refused or None)
        if transport == "websocket":
            return await socket.handle_get_request(environ)
        socket.connected = True
        return self._ok(await socket.poll(), jsonp_index=jsonp_index)


class RoomServer(socketio.AsyncServer):  # type: ignore[misc]  # python-socketio carries no types
    """The Socket.IO server on top of it. Connect handlers get an empty environ: it would be kept a connection."""

    eio: Engine

    def __init__(self, *, buffer_bytes: int, tell_missed: Callable[[str], str], **options: Any) -> None:
        members = Members(lambda: self.eio.sockets)
        super().__init__(async_mode="asgi", client_manager=members, **options)
        self.eio.members, self.eio.tell_missed, self.eio.buffer_bytes = members, tell_missed, buffer_bytes

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:  # noqa: ARG002  # not kept
        await super()._handle_eio_connect(eio_sid, {})
