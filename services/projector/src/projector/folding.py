"""Folds a batch in small slices, so that whatever else the process does goes on meanwhile: above all, writing.

Folding takes as long as Postgres takes to write. Done in one piece, it would leave the batch before waiting between
two statements, in an open transaction.
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass

from order_contracts.wire import Envelope
from projector.changes import Before, Changes, LogRecord
from projector.database import UNWRITABLE
from projector.projection import Projection
from projector.statements import Texts, texts_of
from projector.trail import trail_text

_SLICE = 50  # records: about two milliseconds


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch that is ready to be sent. Without `writing`, one of its records can't be: they are to be tried apart.

    `began` are the times at which the orders of its events began (ms since 1970).
    """

    records: Sequence[LogRecord]
    orders: Set[str]
    changes: Changes
    began: Set[int]
    trail: bytes
    writing: Texts | None


async def fold(records: Sequence[LogRecord], before: Before, partitions: int) -> Folded:
    """Project `records`, and write out what they change."""
    projection = Projection(before, partitions)
    for start in range(0, len(records), _SLICE):
        projection.take(records[start : start + _SLICE])
        await asyncio.sleep(0)
    changes, orders = projection.changes, orders_of(records)
    began = {entry.began_at for entry in changes.trail}
    try:
        trail = trail_text(changes.trail)
        await asyncio.sleep(0)
        writing = texts_of(changes)
    except UNWRITABLE:  # from our own encoders
        return Folded(records, orders, changes, began, b"", None)
    return Folded(records, orders, changes, began, trail, writing)


def orders_of(records: Sequence[LogRecord]) -> set[str]:
    """Name the orders of records."""
    return {record.content.order_id for record in records if isinstance(record.content, Envelope)}
