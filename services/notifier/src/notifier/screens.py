"""The screens: connections over Socket.IO, what they ask for and what they are answered."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import socketio

from notifier.broadcast import Broadcast, event_text
from notifier.delivery import Delivery
from notifier.entrance import Entrance, Refused
from notifier.fanout import Batch
from notifier.metrics import Metrics
from notifier.watchers import Watchers
from order_contracts.channels import REFRESH, SIGNED_OUT, SUBSCRIBE, UNSUBSCRIBE, Room
from order_contracts.claims import Claims, TokenRefused
from order_contracts.positions import Position
from order_contracts.tokens import NotReady


class Screen:
    """One connection over Socket.IO. It notes its rooms itself: python-socketio would look through all there are."""

    transport = "socketio"

    def __init__(self, sid: str, claims: Claims, screens: "Screens") -> None:
        self.id, self.claims, self._screens = sid, claims, screens
        self._rooms: set[str] = set()

    def rooms(self) -> Collection[str]:
        """Name the rooms that it is in."""
        return self._rooms

    def deliver(self, batch: Batch) -> None:
        """Send it a batch of its own."""
        self._screens.broadcast.to_screen(self.id, self._screens.delivery.encode(batch))

    def enter(self, room: str) -> None:
        """Put it into a room."""
        self._rooms.add(room)
        self._screens.broadcast.enter(self.id, room)

    def leave(self, room: str) -> None:
        """Take it out of a room, if it is in."""
        if room not in self._rooms:
            return
        self._rooms.remove(room)
        self._screens.broadcast.leave(self.id, room)

    def tell(self, name: str, body: dict[str, Any]) -> None:
        """Send it an event."""
        self._screens.broadcast.to_screen(self.id, event_text(name, body))

    async def send_away(self, reason: str) -> None:
        """End it by a Socket.IO disconnect, which tells the client to stay away."""
        self.tell(SIGNED_OUT, {"reason": reason})
        await self._screens.server.disconnect(self.id)
        self._screens.disconnect(self.id)  # python-socketio tells of it only where the connection was whole

    async def hang_up(self) -> None:
        """End it below Socket.IO, which lets the client come back."""
        await self._screens.broadcast.hang_up(self.id)


@dataclass(frozen=True, slots=True)
class _Wish:
    room: Room
    position: Position | None


class Screens:
    """Answers the screens."""

    def __init__(
        self,
        server: socketio.AsyncServer,
        *,
        entrance: Entrance,
        watchers: Watchers,
        delivery: Delivery,
        broadcast: Broadcast,
        metrics: Metrics,
    ) -> None:
        self.server, self.delivery, self.broadcast = server, delivery, broadcast
        self._entrance, self._watchers, self._metrics = entrance, watchers, metrics
        self._connected: dict[str, Screen] = {}

    def listen(self) -> None:
        """Take the server's events."""
        self.server.on("connect", self.connect)
        self.server.on("disconnect", self.disconnect)
        self.server.on(SUBSCRIBE, self.subscribe)
        self.server.on(UNSUBSCRIBE, self.unsubscribe)
        self.server.on(REFRESH, self.refresh)

    async def connect(self, sid: str, _environ: dict[str, Any], auth: Any = None) -> None:
        """Let a screen in with a token. Raises ConnectionRefusedError with the reason in words."""
        try:
            claims = await self._entrance.claims(auth.get("token") if isinstance(auth, dict) else None)
        except (TokenRefused, NotReady) as refused:
            raise socketio.exceptions.ConnectionRefusedError(str(refused)) from refused
        self._connected[sid] = screen = Screen(sid, claims, self)
        self._watchers.add(screen)
        self._metrics.connections.set(len(self._connected))

    def disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget a screen; python-socketio takes it out of its rooms."""
        self._connected.pop(sid, None)
        self._watchers.remove(sid)
        self._metrics.connections.set(len(self._connected))

    def subscribe(self, sid: str, *arguments: Any) -> dict[str, Any]:
        """Answer `subscribe {room, position?}`: missed events first, then the answer, then the live feed."""
        try:
            wish = _read(arguments)
            return self._entrance.enter(self._screen(sid), wish.room, wish.position)
        except Refused as refused:
            return self._entrance.refused(refused)

    def unsubscribe(self, sid: str, *arguments: Any) -> dict[str, Any]:
        """Answer `unsubscribe {room}`."""
        try:
            self._screen(sid).leave(str(_read(arguments).room))
        except Refused as refused:
            return {"error": str(refused)}
        return {}

    async def refresh(self, sid: str, *arguments: Any) -> dict[str, Any]:
        """Answer `refresh {token}`: the connection goes on with it, in the rooms that it opens."""
        body = arguments[0] if arguments else None
        try:
            claims = await self._entrance.claims(body.get("token") if isinstance(body, dict) else None)
            left = self._entrance.renew(self._screen(sid), claims)
        except (TokenRefused, NotReady) as refused:
            return {"error": str(refused)}
        except Refused as refused:
            return self._entrance.refused(refused)
        return {"expires_in": self._entrance.seconds_left(claims), "left": left}

    def _screen(self, sid: str) -> Screen:
        screen = self._connected.get(sid)
        if screen is None:
            raise Refused("room", "connect first")
        return screen


def _read(arguments: tuple[Any, ...]) -> _Wish:
    body = arguments[0] if arguments else None
    if not isinstance(body, dict) or not isinstance(body.get("room"), str):
        raise Refused("input", "send an object with a room: {room, position?}")
    position = body.get("position")
    if position is not None and not isinstance(position, str):
        raise Refused("input", "the position must be a text that this system gave you")
    try:
        return _Wish(Room.parse(body["room"]), None if position is None else Position.parse(position))
    except ValueError as wrong:
        raise Refused("input", str(wrong)) from wrong
