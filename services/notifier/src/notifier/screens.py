"""The screens: who is connected with which token, what they ask for, and what they are answered.

What must not break: between the moment that a screen's missed events are counted out and the moment that it is in
the room, nothing may run. So subscribe is a plain function: it queues the replay, enters the room and returns the
answer in one turn of the event loop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import socketio
import structlog

from notifier.broadcast import Broadcast
from notifier.delivery import Delivery
from notifier.fanout import Fanout, Resync
from notifier.metrics import Metrics
from notifier.rooms import refusal
from order_contracts.channels import SUBSCRIBE, UNSUBSCRIBE, Room
from order_contracts.claims import LEEWAY_SECONDS, Claims, TokenRefused
from order_contracts.positions import Position
from order_contracts.tokens import NotReady, Tokens

_log = structlog.get_logger()


class _Refused(Exception):
    """What was asked for is not given; the text says why, and `what` is counted."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(text)
        self.what = what


@dataclass(frozen=True, slots=True)
class _Wish:
    room: Room
    position: Position | None


class Screens:
    """The connected screens. Invariant: each has claims that were verified and are still good."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        fanout: Fanout,
        delivery: Delivery,
        broadcast: Broadcast,
        greeting: Callable[[], str | None],
        metrics: Metrics,
        rooms_each: int,
    ) -> None:
        self._tokens, self._fanout, self._delivery, self._broadcast = tokens, fanout, delivery, broadcast
        self._greeting, self._metrics, self._rooms_each = greeting, metrics, rooms_each
        self._claims: dict[str, Claims] = {}

    def listen(self, server: socketio.AsyncServer) -> None:
        """Take the server's events."""
        server.on("connect", self.connect)
        server.on("disconnect", self.disconnect)
        server.on(SUBSCRIBE, self.subscribe)
        server.on(UNSUBSCRIBE, self.unsubscribe)

    def connected(self) -> list[str]:
        """Name the connected screens."""
        return list(self._claims)

    def expired(self, now: float) -> list[str]:
        """Name the screens whose token has run out, the leeway included, or has been revoked."""
        return [
            sid
            for sid, claims in self._claims.items()
            if claims.expires_at + LEEWAY_SECONDS <= now or self._tokens.is_revoked(claims)
        ]

    async def connect(self, sid: str, _environ: dict[str, Any], auth: Any = None) -> None:
        """Let a screen in with a token. Raises ConnectionRefusedError with the reason in words."""
        try:
            self._claims[sid] = await self._tokens.claims(_token(auth))
        except (TokenRefused, NotReady) as refused:
            self._metrics.refusals.labels("connection").inc()
            raise socketio.exceptions.ConnectionRefusedError(str(refused)) from refused
        self._metrics.connections.set(len(self._claims))

    def disconnect(self, sid: str, _reason: str = "") -> None:
        """Forget a screen; python-socketio takes it out of its rooms."""
        self._claims.pop(sid, None)
        self._metrics.connections.set(len(self._claims))

    def subscribe(self, sid: str, *arguments: Any) -> dict[str, Any]:
        """Answer `subscribe {room, position?}`: missed events first, then the answer, then the live feed."""
        try:
            wish = _read(arguments)
            self._admit(sid, wish.room)
        except _Refused as refused:
            self._metrics.refusals.labels(refused.what).inc()
            return {"error": str(refused)}
        joined = self._fanout.join(wish.room, wish.position)
        if isinstance(joined, Resync):
            self._metrics.joins.labels("resync").inc()
            _log.info("resync", room=str(wish.room), reason=joined.reason)
            return {"resync": True}
        for batch in joined.missed:
            self._broadcast.to_screen(sid, self._delivery.encode(batch))
        self._broadcast.enter(sid, str(wish.room))
        if (greeting := self._greeting()) is not None:
            self._broadcast.to_screen(sid, greeting)
        self._metrics.joins.labels("joined").inc()
        replayed = sum(len(batch.entries) for batch in joined.missed)
        self._metrics.replayed.inc(replayed)
        return {"position": joined.position, "replayed": replayed}

    def unsubscribe(self, sid: str, *arguments: Any) -> dict[str, Any]:
        """Answer `unsubscribe {room}`."""
        try:
            room = _read(arguments).room
        except _Refused as refused:
            return {"error": str(refused)}
        if str(room) in self._broadcast.rooms(sid):
            self._broadcast.leave(sid, str(room))
        return {}

    def _admit(self, sid: str, room: Room) -> None:
        claims = self._claims.get(sid)
        if claims is None:
            raise _Refused("room", "connect first")
        if (text := refusal(claims, room, self._delivery.organization_of)) is not None:
            raise _Refused("room", text)
        rooms = self._broadcast.rooms(sid)
        if len(rooms) >= self._rooms_each and str(room) not in rooms:
            raise _Refused("rooms", f"no more than {self._rooms_each} rooms a connection: leave one first")


def _token(auth: Any) -> str:
    token = auth.get("token") if isinstance(auth, dict) else None
    if not isinstance(token, str) or not token:
        raise TokenRefused("send a token: connect with auth {token}")
    return token


def _read(arguments: tuple[Any, ...]) -> _Wish:
    body = arguments[0] if arguments else None
    if not isinstance(body, dict) or not isinstance(body.get("room"), str):
        raise _Refused("input", "send an object with a room: {room, position?}")
    position = body.get("position")
    if position is not None and not isinstance(position, str):
        raise _Refused("input", "the position must be a text that this system gave you")
    try:
        return _Wish(Room.parse(body["room"]), None if position is None else Position.parse(position))
    except ValueError as wrong:
        raise _Refused("input", str(wrong)) from wrong
