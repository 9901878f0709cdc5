"""Folds a batch in small slices, so that whatever else the process does goes on meanwhile: above all, writing.

Folding takes as long as Postgres takes to write. Done in large pieces, it would leave the batch before waiting between
two statements and, more so, between two fillings of the socket that its texts go through.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from order_contracts.wire import Envelope
from projector.changes import Before, Changes, LogRecord
from projector.database import UNWRITABLE
from projector.projection import Projection
from projector.statements import Texts, clearing_of, document_text, row_texts
from projector.trail import trail_lines

_RECORDS, _LINES, _COLUMNS = 16, 64, 4  # half a millisecond each
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
    """Project `records`, of these orders, and write out what they change."""
    projection = Projection(before, partitions)
    for part in _cut(records, _RECORDS):
        projection.take(part)
        await asyncio.sleep(0)
    changes = projection.changes
    began = {entry.began_at for entry in changes.trail}
    try:
        trail = b"".join(await gently(map(trail_lines, _cut(changes.trail, _LINES)), 1))
        documents = await gently(map(document_text, changes.rows.values()), _LINES)
        texts = await gently(row_texts(changes, documents), _COLUMNS)
        writing = Texts(texts, clearing_of(changes), [len(document) for document in documents])
    except UNWRITABLE:  # from our own encoders
        return Folded(records, orders, changes, began, b"", None)
    return Folded(records, orders, changes, began, trail, writing)


def _cut(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))


async def gently(values: Iterable[T], at_once: int = _LINES) -> list[T]:
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
