"""What an operator does to endpoints. Each is a transaction that begins a new term: who sends, starts anew with it.

The lease stays: until its holder has noticed, nobody else sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

import asyncpg

from order_contracts.positions import Position
from projector.webhooks.book import endpoint_of, lane_of
from projector.webhooks.lanes import Endpoint, Lane
from projector.webhooks.signing import new_secret

OLD_SIGNS_FOR = timedelta(hours=24)
_ADD = """
INSERT INTO endpoints (id, organization_id, venues, types, url, secret, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_ADD_LANES = """
INSERT INTO lanes (endpoint_id, partition, next, reached)
SELECT $1, partition, next, $4 FROM unnest($2::int[], $3::bigint[]) AS place (partition, next)
"""
_NEW_TERM = "UPDATE endpoints SET term = term + 1 WHERE id = $1 RETURNING *"
_LANES = "UPDATE lanes SET term = $2 WHERE endpoint_id = $1 RETURNING *"
_LOOK = """
SELECT *, now() < lease_until AS sending FROM endpoints WHERE $1::text IS NULL OR id = $1 ORDER BY created_at, id
"""
_LOOK_LANES = "SELECT * FROM lanes WHERE endpoint_id = ANY($1::text[]) ORDER BY partition"
_ENABLE = "UPDATE endpoints SET enabled = true, reason = NULL WHERE id = $1"
_AFRESH = "UPDATE lanes SET failures = 0, failing_since = NULL, attempt_at = NULL, error = NULL WHERE endpoint_id = $1"
_DISABLE = "UPDATE endpoints SET enabled = false, reason = $2 WHERE id = $1"
_ROTATE = "UPDATE endpoints SET old_secret = secret, old_secret_until = $3, secret = $2 WHERE id = $1"
_PLACE = "UPDATE lanes SET next = $3, reached = $4 WHERE endpoint_id = $1 AND partition = $2"
_EPOCH = "UPDATE endpoints SET epoch = $2 WHERE id = $1"


class NotDone(Exception):
    """An expected answer to a command, in one sentence with its remedy: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint as it stands. `holder` sends to it, at this moment."""

    endpoint: Endpoint
    lanes: Sequence[Lane]
    enabled: bool
    reason: str | None
    holder: str | None
    created_at: datetime

    @property
    def position(self) -> Position:
        """How far it was sent."""
        return Position(self.endpoint.epoch, {lane.partition: lane.next for lane in self.lanes})

    @property
    def failing(self) -> Lane | None:
        """The lane that has failed for the longest."""
        lanes = [lane for lane in self.lanes if lane.failing_since is not None]
        return min(lanes, key=lambda lane: str(lane.failing_since), default=None)


class Administration:
    """The commands, on one connection to the webhooks' schema."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        organization: str,
        venues: Sequence[str] | None,
        types: Sequence[str] | None,
        url: str,
        end: Position,
        now: datetime,
    ) -> Standing:
        """Add an endpoint that is sent what comes after `end`."""
        name = f"wh_{token_hex(6)}"
        async with self._connection.transaction():
            await self._connection.execute(_ADD, name, organization, venues, types, url, new_secret(), end.epoch)
            await self._connection.execute(_ADD_LANES, name, list(end.next), list(end.next.values()), now)
        return await self.one(name)

    async def all(self, name: str | None = None) -> list[Standing]:
        """Give endpoints, oldest first."""
        rows = await self._connection.fetch(_LOOK, name)
        lanes: dict[str, list[Lane]] = {row["id"]: [] for row in rows}
        for row in await self._connection.fetch(_LOOK_LANES, list(lanes)):
            lanes[row["endpoint_id"]].append(lane_of(row))
        return [
            Standing(
                endpoint=endpoint_of(row),
                lanes=lanes[row["id"]],
                enabled=row["enabled"],
                reason=row["reason"],
                holder=row["holder"] if row["sending"] else None,
                created_at=row["created_at"],
            )
            for row in rows
        ]

    async def one(self, name: str) -> Standing:
        """Give one. Raises NotDone where there is none of that name."""
        found = await self.all(name)
        if not found:
            raise NotDone(f"there is no endpoint {name}: `projector webhooks list` names them")
        return found[0]

    async def enable(self, name: str, *, skip_to: Position | None, now: datetime) -> Standing:
        """Send on from where it stood, or from `skip_to`."""
        async with self._connection.transaction():
            await self._new_term(name)
            await self._connection.execute(_ENABLE, name)
            await self._connection.execute(_AFRESH, name)
            if skip_to is not None:
                await self._connection.execute("DELETE FROM lanes WHERE endpoint_id = $1", name)
                places = list(skip_to.next.values())
                await self._connection.execute(_ADD_LANES, name, list(skip_to.next), places, now)
                await self._connection.execute(_EPOCH, name, skip_to.epoch)
        return await self.one(name)

    async def disable(self, name: str, reason: str) -> Standing:
        """Send nothing more."""
        async with self._connection.transaction():
            await self._new_term(name)
            await self._connection.execute(_DISABLE, name, reason)
        return await self.one(name)

    async def remove(self, name: str) -> None:
        """Forget an endpoint and its places."""
        async with self._connection.transaction():
            await self._new_term(name)
            await self._connection.execute("DELETE FROM endpoints WHERE id = $1", name)

    async def rotate(self, name: str, now: datetime) -> Standing:
        """Make a new secret; the present one signs too for a while, the one before it no more."""
        async with self._connection.transaction():
            await self._new_term(name)
            await self._connection.execute(_ROTATE, name, new_secret(), now + OLD_SIGNS_FOR)
        return await self.one(name)

    async def replay(self, name: str, places: Mapping[int, int], now: datetime) -> dict[int, int]:
        """Go back to these places, by partition; a lane that is not so far yet stays. Give the places that moved."""
        moved: dict[int, int] = {}
        async with self._connection.transaction():
            for lane in await self._new_term(name):
                if places.get(lane.partition, lane.next) < lane.next:
                    moved[lane.partition] = places[lane.partition]
                    await self._connection.execute(_PLACE, name, lane.partition, moved[lane.partition], now)
            await self._connection.execute(_AFRESH, name)
        return moved

    async def _new_term(self, name: str) -> list[Lane]:
        """Let nobody write who sends at this moment; give the lanes, locked. Raises NotDone."""
        row = await self._connection.fetchrow(_NEW_TERM, name)
        if row is None:
            raise NotDone(f"there is no endpoint {name}: `projector webhooks list` names them")
        return [lane_of(one) for one in await self._connection.fetch(_LANES, name, row["term"])]
