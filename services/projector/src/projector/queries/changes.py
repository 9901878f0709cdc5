"""What changed at a venue since a position: the orders as they are now, and the position at which that is true.

For clients that poll, or that were away for longer than the notifier's rings reach. A client that holds a snapshot or
an earlier answer, and puts these orders in the place of its own, holds what a new snapshot would give it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from order_contracts.channels import partition_of
from order_contracts.positions import Position
from projector.queries.rows import Rows
from projector.queries.snapshots import position_of

MOST_EVENTS = 1_000
"""A longer way costs more than the snapshot, which holds open orders only."""

# Offsets along idx_order_events_venue_offset, so only the venue's own events since then are touched.
_SINCE = "SELECT order_id FROM order_events WHERE venue_id = $1 AND log_offset >= $2 ORDER BY log_offset LIMIT $3"
# Old events may be dropped by age. None since the position was where an older one is still there, or where the venue
# has no orders at all.
_KEPT = """
SELECT $2::bigint = 0 OR EXISTS (SELECT FROM order_events WHERE venue_id = $1 AND log_offset < $2)
    OR NOT EXISTS (SELECT FROM orders WHERE venue_id = $1)
"""
_ORDERS = """
SELECT document FROM orders WHERE order_id = ANY($1::text[]) AND venue_id = $2 ORDER BY created_at, order_id
"""


class TooOld(Exception):
    """The way from that position is too long, or not known any more; the text says which."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Orders that changed, as documents, and the position that they lead to."""

    position: Position
    documents: Sequence[str]


class VenueChanges:
    """Answers what changed."""

    def __init__(self, rows: Rows, partitions: int) -> None:
        self._rows = rows
        self._partitions = partitions

    async def since(self, venue_id: str, since: Position) -> Changes:
        """Give the orders that changed. Raises TooOld, NotProjectedYet, and ValueError on a position of elsewhere.

        A position that the rows have not reached yet, such as one from a live batch, is given back as it is with no
        orders: nobody is led back.
        """
        partition = partition_of(venue_id, self._partitions)
        offset = since.next.get(partition)
        if offset is None:
            raise ValueError("the position is not of this venue: send back one that this venue's answers gave you")
        async with self._rows.one_moment() as connection:
            now = await position_of(connection, partition)
            if now.epoch != since.epoch:
                raise TooOld("the position is of another life of the log")
            if offset >= now.next[partition]:
                return Changes(Position(now.epoch, {partition: offset}), [])
            rows = await connection.fetch(_SINCE, venue_id, offset, MOST_EVENTS + 1)
            if len(rows) > MOST_EVENTS:
                raise TooOld(f"more than {MOST_EVENTS} events came since then")
            if not await connection.fetchval(_KEPT, venue_id, offset):
                raise TooOld("events since then may have been dropped by age")
            changed = await connection.fetch(_ORDERS, list({row["order_id"] for row in rows}), venue_id)
        return Changes(now, [row["document"] for row in changed])
