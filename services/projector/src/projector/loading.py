"""The SQL that a batch begins with: what the tables hold of its orders."""

from collections.abc import Collection

import asyncpg
import msgspec

from projector.changes import Before, Head
from projector.order_row import OrderRow
from projector.pace import Pace

# Rows, and the dead letters of those orders that have some: one question, since a question is a round trip.
_BEFORE = """
SELECT NULL::integer AS partition, order_id, head, version, venue_id, organization_id, status, document, pace
FROM orders WHERE order_id = ANY($1::text[])
UNION ALL
(SELECT partition, order_id, event_id, version, NULL, NULL,
        CASE WHEN discarded_at IS NOT NULL THEN 'discarded' END, NULL, NULL
 FROM dead_letters WHERE order_id = ANY($1::text[])
 ORDER BY version)
"""
_DISCARDED = "discarded"

_decode = msgspec.json.Decoder().decode
_decode_pace = msgspec.json.Decoder(Pace).decode


async def load_before(connection: asyncpg.Connection, orders: Collection[str]) -> Before:
    """Read the rows and quarantined heads of orders."""
    rows: dict[str, OrderRow] = {}
    letters: dict[tuple[int, str], Head] = {}
    waiting: set[tuple[int, str]] = set()
    discarded: set[tuple[int, str, int]] = set()
    for partition, order_id, head, version, *rest in await connection.fetch(_BEFORE, list(orders)):
        if partition is None:
            venue, organization, status, document, pace = rest
            parts = _decode(document), _decode_pace(pace)
            rows[order_id] = OrderRow(order_id, venue, organization, version, head, status, *parts)
            continue
        letters[partition, order_id] = Head(head, version)  # they come by version: the last one stays
        if rest[2] == _DISCARDED:
            discarded.add((partition, order_id, version))
        else:
            waiting.add((partition, order_id))
    return Before(rows, {order: letters[order] for order in waiting}, discarded)
