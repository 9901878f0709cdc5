"""The SQL of what a batch leaves in rows and sums."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from projector.changes import Changes
from projector.columns import Column, column, documents, numbers, rows_of, values_of
from projector.counting import Sums
from projector.order_row import OrderRow
from projector.refunds import Refund
from projector.tally_tables import COUNTS, ITEM_SALES, SALES, STAGE_TIMES, TallyTable

_ORDER_COLUMNS: tuple[Column, ...] = (
    ("order_id", "text"), ("venue_id", "text"), ("organization_id", "text"), ("version", "bigint"), ("head", "text"),
    ("status", "text"), ("payment", "text"), ("channel", "text"), ("display_number", "text"), ("placed_at", "millis"),
    ("promised_at", "millis"), ("ready_at", "millis"), ("created_at", "millis"), ("updated_at", "millis"),
    ("document", "json"), ("pace", "json"),
)  # fmt: skip
_DOCUMENT = [name for name, _ in _ORDER_COLUMNS].index("document")
_NEVER_CHANGED = ("order_id", "venue_id", "organization_id", "created_at")
_REFUND_COLUMNS: tuple[Column, ...] = (
    ("order_id", "text"), ("version", "bigint"), ("venue_id", "text"), ("organization_id", "text"),
    ("refunded_at", "millis"), ("currency", "text"), ("amount", "bigint"), ("actor", "text"), ("reason", "text"),
)  # fmt: skip
_TALLIES = (COUNTS, SALES, ITEM_SALES, STAGE_TIMES)


def _writing() -> str:
    """All that a batch writes but its trail, as one statement: parts of it that are empty cost nothing."""
    columns = ", ".join(name for name, _ in _ORDER_COLUMNS)
    replaced = ", ".join(f"{name} = excluded.{name}" for name, _ in _ORDER_COLUMNS if name not in _NEVER_CHANGED)
    first, parts = 1 + len(_ORDER_COLUMNS), []
    for table in _TALLIES:
        parts.append(f"to_{table.name} AS ({table.adding(first)})")
        first += len(table.columns)
    refunds = ", ".join(name for name, _ in _REFUND_COLUMNS)
    parts.append(
        f"to_refunds AS (INSERT INTO refunds ({refunds}) SELECT {values_of(_REFUND_COLUMNS)} "  # noqa: S608  # our own
        f"FROM {rows_of(_REFUND_COLUMNS, first)})"
    )
    return (
        f"WITH {', '.join(parts)} INSERT INTO orders ({columns}) "  # noqa: S608  # our own names
        f"SELECT {values_of(_ORDER_COLUMNS)} FROM {rows_of(_ORDER_COLUMNS)} "
        f"ON CONFLICT (order_id) DO UPDATE SET {replaced}"
    )


_WRITING = _writing()
_WRITTEN: Mapping[str, Callable[[Sequence[Any]], str]] = {"text": column, "json": documents}  # all others: numbers
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Texts:
    """What is sent for a batch's rows and sums: parameters of one statement, and keys of rows that may be nothing now.

    `document_bytes` are the lengths of the rows' documents, in the order of the rows.
    """

    writing: Sequence[str]
    clearing: Sequence[tuple[str, Sequence[str]]]
    document_bytes: Sequence[int]


RowValues = tuple[Any, ...]
"""A row as it is sent: the values of _ORDER_COLUMNS, documents and clocks as JSON."""


def texts_of(changes: Changes) -> Texts:
    """Write rows and sums out as texts."""
    rows = [row_values(row) for row in changes.rows.values()]
    return Texts(list(row_texts(changes, rows)), clearing_of(changes), lengths_of(rows))


def row_values(row: OrderRow) -> RowValues:
    """Write a row out."""
    document, pace = row.document, row.pace
    told = document.get
    return (
        row.order_id, row.venue_id, row.organization_id, row.version, row.head,
        row.status, told("payment"), told("channel"), told("display_number"), pace.placed,
        pace.promised, pace.ready, pace.created, pace.updated,
        _encode(document).decode(), _encode(pace).decode(),
    )  # fmt: skip


def lengths_of(rows: Iterable[RowValues]) -> list[int]:
    """Give the lengths of rows' documents."""
    return [len(row[_DOCUMENT]) for row in rows]


def row_texts(changes: Changes, rows: Sequence[RowValues]) -> Iterable[str]:
    """Write rows and sums out, column by column. `rows` are those of the changes."""
    if rows:
        for (_, kind), values in zip(_ORDER_COLUMNS, zip(*rows, strict=True), strict=True):
            yield _WRITTEN.get(kind, numbers)(values)
        for table, tally in _tallies(changes):
            yield from table.written(tally)
        yield from _refunds(changes.refunds)


def clearing_of(changes: Changes) -> Sequence[tuple[str, Sequence[str]]]:
    """Give the statements that delete sums of nothing, with their parameters."""
    lessened = [(table, table.lessened(tally)) for table, tally in _tallies(changes)]
    return [(table.clearing(), keys) for table, keys in lessened if keys is not None]


def _tallies(changes: Changes) -> Iterable[tuple[TallyTable, Mapping[Any, Sums]]]:
    return zip(_TALLIES, (changes.counts, changes.sales, changes.items, changes.stages), strict=True)


async def send(connection: asyncpg.Connection, texts: Texts) -> None:
    """Write a batch's rows and sums. created_at, venue and organization of an order stay what they were."""
    if texts.writing:
        await connection.execute(_WRITING, *texts.writing)
    for statement, keys in texts.clearing:
        await connection.execute(statement, *keys)


def _refunds(refunds: Sequence[Refund]) -> Iterable[str]:
    yield column([refund.order_id for refund in refunds])
    yield numbers([refund.version for refund in refunds])
    yield column([refund.venue_id for refund in refunds])
    yield column([refund.organization_id for refund in refunds])
    yield numbers([refund.refunded_at for refund in refunds])
    yield column([refund.currency for refund in refunds])
    yield numbers([refund.amount for refund in refunds])
    yield column([refund.actor for refund in refunds])
    yield column([refund.reason for refund in refunds])
