"""Dead letters as an operator sees them: which orders wait behind what, and what a record was."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from projector.operations.refusal import Refusal

_QUEUES = """
SELECT partition, order_id, min(venue_id) AS venue_id, min(version) AS version, count(*) AS letters,
       min(appended_at) AS since, (array_agg(reason ORDER BY version))[1] AS reason,
       (array_agg(type ORDER BY version))[1] AS type
FROM dead_letters WHERE discarded_at IS NULL
GROUP BY partition, order_id ORDER BY min(appended_at), order_id LIMIT $1
"""

_OF_ORDER = """
SELECT partition, log_offset, version, event_id, type, venue_id, appended_at, reason, discarded_at, discard_note, value
FROM dead_letters WHERE order_id = $1 ORDER BY partition, version
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """An order that stands still: its first dead letter, and how many letters there are with those behind it."""

    partition: int
    order_id: str
    venue_id: str
    version: int
    letters: int
    since: datetime
    reason: str
    type: str


async def queues(connection: asyncpg.Connection, limit: int) -> Sequence[Queue]:
    """List the orders that wait, longest first."""
    return [Queue(**row) for row in await connection.fetch(_QUEUES, limit)]


async def letters_of(connection: asyncpg.Connection, order_id: str) -> list[dict[str, Any]]:
    """Give all letters of an order, discarded ones too. Raises Refusal when there are none."""
    rows = await connection.fetch(_OF_ORDER, order_id)
    if not rows:
        raise Refusal(f"order {order_id} has no dead letters: `projector dead-letters list` names the orders that have")
    return [{**row, "value": _readable(row["value"])} for row in rows]


def _readable(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()
