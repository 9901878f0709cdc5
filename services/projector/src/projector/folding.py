"""Folds a batch in small slices, so that whatever else the process does goes on meanwhile: above all, writing.

Folding takes as long as Postgres takes to write. Done in large pieces, it would leave the batch before waiting between
two statements and, more so, between two fillings of the socket that its texts go through.
"""

import asyncio
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from order_contracts.wire import Envelope
from projector.changes import Before, Changes, LogRecord
from projector.database import UNWRITABLE
from projector.projection import Projection
from projector.statements import RowValues, Texts, clearing_of, lengths_of, row_texts, row_values
from projector.trail import trail_rows

_RECORDS, _READ, _COLUMNS = 16, 64, 4  # half a millisecond each
T = TypeVar("T")


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


async def fold(records: Sequence[LogRecord], orders: Set[str], before: Before, partitions: int) -> Folded:
    """Project `records`, of these orders, and write out what they change.

    Row by row where they were just folded, while their documents are in the processor's cache: later, or column by
    column, they would have to be fetched again. So an order with several events in a batch is written out repeatedly.
    """
    projection = Projection(before, partitions)
    changes, trail, written = projection.changes, list[bytes](), dict[str, RowValues]()
    writable = True
    for start in range(0, len(records), _RECORDS):
        part, told = records[start : start + _RECORDS], len(changes.trail)
        projection.take(part)
        try:
            if writable:
                touched = orders_of(part) & changes.rows.keys()
                written.update((order_id, row_values(changes.rows[order_id])) for order_id in touched)
                trail.append(trail_rows(changes.trail[told:]))
        except UNWRITABLE:  # from our own encoders
            writable = False
        await asyncio.sleep(0)
    began = {entry.began_at for entry in changes.trail}
    if not writable:
        return Folded(records, orders, changes, began, b"", None)
    rows = [written[order_id] for order_id in changes.rows]
    texts = await gently(row_texts(changes, rows), _COLUMNS)
    writing = Texts(texts, clearing_of(changes), lengths_of(rows))
    return Folded(records, orders, changes, began, b"".join(trail), writing)


async def gently(values: Iterable[T], at_once: int = _READ) -> list[T]:
    """List values that take their time to be made, so many at once."""
    found: list[T] = []
    for value in values:
        found.append(value)
        if len(found) % at_once == 0:
            await asyncio.sleep(0)
    return found


def orders_of(records: Sequence[LogRecord]) -> set[str]:
    """Name the orders of records."""
    return {record.content.order_id for record in records if isinstance(record.content, Envelope)}
