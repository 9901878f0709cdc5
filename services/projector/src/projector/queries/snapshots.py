"""A venue's snapshot: its open orders and the position at which they are true, from one REPEATABLE READ transaction.

It is loaded once a venue and second however many screens ask (single_flight.py, kept_in_redis.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from order_contracts.channels import partition_of
from order_contracts.guest_texts import GuestTexts
from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries.conditional import tag_of
from projector.queries.poll_hint import LOOKED_AT
from projector.queries.rates import LATEST
from projector.queries.rows import Rows

_OPEN_ORDERS = """
SELECT document FROM orders WHERE venue_id = $1 AND status = ANY($2::text[])
ORDER BY created_at, order_id
"""
_POSITION = "SELECT epoch, next FROM positions WHERE partition = $1"


class NotProjectedYet(Exception):
    """No projector has run here yet."""


class Snapshot(msgspec.Struct, frozen=True):
    """Open orders as a JSON list, oldest first, the position at which they are true, and the tag of the orders.

    `latest` is when the venue's latest events were appended: how busy it is.
    """

    position: str
    orders: msgspec.Raw
    tag: str
    latest: list[datetime]

    def reaches(self, wanted: Position | None) -> bool:
        """Say whether it holds all before `wanted`, a position of the same epoch."""
        if wanted is None:
            return True
        at = Position.parse(self.position)
        return at.epoch == wanted.epoch and all(at.next.get(p, 0) >= offset for p, offset in wanted.next.items())

    def opened(self, guests: GuestTexts) -> "Snapshot":
        """Give it with the guests' texts opened, and a tag of those: they can go while the rows stay."""
        orders = guests.opened(bytes(self.orders))
        if orders == bytes(self.orders):
            return self
        return msgspec.structs.replace(self, orders=msgspec.Raw(orders), tag=tag_of(self.tag.encode(), orders))

    def body(self, server_time: str) -> bytes:
        """Give it as the endpoint's JSON."""
        fields = {"position": self.position, "server_time": server_time, "orders": self.orders}
        return msgspec.json.encode(fields)


class Snapshots:
    """Loads snapshots."""

    def __init__(self, rows: Rows, partitions: int) -> None:
        self._rows = rows
        self._partitions = partitions

    async def load(self, venue_id: str) -> Snapshot:
        """Ask Postgres. Raises NotProjectedYet."""
        partition = partition_of(venue_id, self._partitions)
        async with self._rows.one_moment() as connection:
            position = await position_of(connection, partition)
            rows = await connection.fetch(_OPEN_ORDERS, venue_id, list(OPEN_STATUSES))
            latest = [row["appended_at"] for row in await connection.fetch(LATEST, venue_id, LOOKED_AT)]
        orders = json_list([row["document"] for row in rows])
        return Snapshot(str(position), msgspec.Raw(orders), tag_of(position.epoch.encode(), orders), latest)


async def position_of(connection: Any, partition: int) -> Position:
    """Read how far a partition is projected, as of the connection's moment. Raises NotProjectedYet."""
    row = await connection.fetchrow(_POSITION, partition)
    if row is None:
        raise NotProjectedYet
    return Position(row["epoch"], {partition: row["next"]})


def json_list(documents: Sequence[str]) -> bytes:
    """Join documents, as Postgres gives them, into a JSON list; none is decoded on the way."""
    return f"[{','.join(documents)}]".encode()
