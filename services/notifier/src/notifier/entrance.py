"""The entrance to a room, the same for every transport: may this token enter, and from which position on.

What must not break: between the moment that a connection's missed events are counted out and the moment that it is in
the room, nothing may run. So `enter` is a plain function: it sends the replay, enters the room and says where the
live feed goes on, in one turn of the event loop.
"""

from collections.abc import Callable
from typing import Any, Protocol

import structlog

from notifier.fanout import Batch, Fanout, Resync
from notifier.metrics import Metrics
from notifier.rooms import refusal
from notifier.watchers import Watcher, seconds_left
from order_contracts.channels import FEED_STATUS, Room
from order_contracts.claims import Claims, TokenRefused
from order_contracts.positions import Position
from order_contracts.tokens import NotReady
from order_contracts.verified import VerifiedTokens

_log = structlog.get_logger()


class Refused(Exception):
    """What was asked for is not given; the text says why, and `what` is counted."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(text)
        self.what = what


class Member(Watcher, Protocol):
    """A connection that can be in rooms."""

    def deliver(self, batch: Batch) -> None:
        """Send it a batch of its own: what it missed."""

    def enter(self, room: str) -> None:
        """Put it among those who are sent the room's batches, at once."""

    def leave(self, room: str) -> None:
        """Take it out again."""


class Entrance:
    """Lets connections in, and into rooms."""

    def __init__(
        self,
        *,
        tokens: VerifiedTokens,
        fanout: Fanout,
        organization_of: Callable[[str], str | None],
        greeting: Callable[[], dict[str, Any] | None],
        metrics: Metrics,
        rooms_each: int,
        now: Callable[[], float],
    ) -> None:
        self._tokens, self._fanout, self._organization_of = tokens, fanout, organization_of
        self._greeting, self._metrics, self._rooms_each, self._now = greeting, metrics, rooms_each, now

    async def claims(self, token: object) -> Claims:
        """Verify a token. Raises TokenRefused or NotReady, with the reason in words."""
        if not isinstance(token, str) or not token:
            raise TokenRefused("send a token")
        try:
            return await self._tokens.claims(token)
        except (TokenRefused, NotReady):
            self._metrics.refusals.labels("connection").inc()
            raise

    def seconds_left(self, claims: Claims) -> float:
        """Give how long a connection with these claims may stay."""
        return round(seconds_left(claims, self._now()), 3)

    def enter(self, member: Member, room: Room, position: Position | None) -> dict[str, Any]:
        """Let a connection into a room. Gives `{position, replayed, expires_in}` or `{resync}`. Raises Refused."""
        self._admit(member, room)
        venue_id = next(iter(member.claims.venues or ()), None) if room.kind == "order" else None
        joined = self._fanout.join(room, position, venue_id=venue_id)
        if isinstance(joined, Resync):
            self._metrics.joins.labels("resync").inc()
            _log.info("resync", room=str(room), reason=joined.reason)
            return {"resync": True}
        for batch in joined.missed:
            member.deliver(batch)
        member.enter(str(room))
        if (greeting := self._greeting()) is not None:
            member.tell(FEED_STATUS, greeting)
        replayed = sum(len(batch.entries) for batch in joined.missed)
        self._metrics.joins.labels("joined").inc()
        self._metrics.replayed.inc(replayed)
        return {
            "position": joined.position,
            "replayed": replayed,
            "expires_in": self.seconds_left(member.claims),
        }

    def renew(self, member: Member, claims: Claims) -> list[str]:
        """Let a connection go on with newer claims. Gives the rooms that it left: they do not open them.

        Raises Refused for somebody else's.
        """
        held = member.claims
        if (claims.subject, claims.organization_id, claims.order_id) != (
            held.subject,
            held.organization_id,
            held.order_id,
        ):
            raise Refused("refresh", "the token is somebody else's: connect anew with it")
        member.claims = claims
        closed = [room for room in list(member.rooms()) if self._refusal(claims, Room.parse(room)) is not None]
        for room in closed:
            member.leave(room)
        return closed

    def refused(self, refused: Refused) -> dict[str, Any]:
        """Count a refusal and give it as an answer."""
        self._metrics.refusals.labels(refused.what).inc()
        return {"error": str(refused)}

    def _refusal(self, claims: Claims, room: Room) -> str | None:
        return refusal(claims, room, self._organization_of)

    def _admit(self, member: Member, room: Room) -> None:
        if (text := self._refusal(member.claims, room)) is not None:
            raise Refused("room", text)
        rooms = member.rooms()
        if len(rooms) >= self._rooms_each and str(room) not in rooms:
            raise Refused("rooms", f"no more than {self._rooms_each} rooms a connection: leave one first")
