"""The SQL of a batch: what is read before it, and what is written after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from order_contracts.wire import Envelope
from projector.changes import Before, Changes, DeadLetter, Head, LogRecord, TrailEntry
from projector.columns import Column, column, numbers, rows_of, values_of
from projector.counting import Sums
from projector.order_row import OrderRow, at_ms
from projector.pace import Pace
from projector.refunds import Refund
from projector.tally_tables import COUNTS, ITEM_SALES, SALES, STAGE_TIMES

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

_ORDER_COLUMNS: tuple[Column, ...] = (
    ("order_id", "text"), ("venue_id", "text"), ("organization_id", "text"), ("version", "bigint"), ("head", "text"),
    ("status", "text"), ("payment", "text"), ("channel", "text"), ("display_number", "text"), ("placed_at", "millis"),
    ("promised_at", "millis"), ("ready_at", "millis"), ("created_at", "millis"), ("updated_at", "millis"),
    ("document", "json"), ("pace", "json"),
)  # fmt: skip
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
_TRAIL_COLUMNS = (
    "order_id", "version", "event_id", "type", "venue_id", "organization_id", "partition", "log_offset", "appended_at",
    "fingerprint",
)  # fmt: skip

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_pace = msgspec.json.Decoder(Pace).decode


async def load_before(connection: asyncpg.Connection, records: Sequence[LogRecord]) -> Before:
    """Read the rows and quarantined heads of a batch's orders."""
    orders = {record.content.order_id for record in records if isinstance(record.content, Envelope)}
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


async def write(connection: asyncpg.Connection, changes: Changes) -> None:
    """Write a batch's rows and sums. created_at, venue and organization of an order stay what they were."""
    tallies: tuple[Mapping[Any, Sums], ...] = (changes.counts, changes.sales, changes.items, changes.stages)
    if changes.rows:
        sums = [text for table, tally in zip(_TALLIES, tallies, strict=True) for text in table.written(tally)]
        await connection.execute(_WRITING, *_orders(changes.rows.values()), *sums, *_refunds(changes.refunds))
    for table, tally in zip(_TALLIES, tallies, strict=True):
        lessened = table.lessened(tally)
        if lessened is not None:
            await connection.execute(table.clearing(), *lessened)


def _orders(rows: Collection[OrderRow]) -> Iterable[str]:
    paces, documents = [row.pace for row in rows], [row.document for row in rows]
    yield column([row.order_id for row in rows])
    yield column([row.venue_id for row in rows])
    yield column([row.organization_id for row in rows])
    yield numbers([row.version for row in rows])
    yield column([row.head for row in rows])
    yield column([row.status for row in rows])
    for name in ("payment", "channel", "display_number"):
        yield column([document.get(name) for document in documents])
    yield numbers([pace.placed for pace in paces])
    yield numbers([pace.promised for pace in paces])
    yield numbers([pace.ready for pace in paces])
    yield numbers([pace.created for pace in paces])
    yield numbers([pace.updated for pace in paces])
    yield column([_encode(document).decode() for document in documents])
    yield column([_encode(pace).decode() for pace in paces])


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


async def append_trail(connection: asyncpg.Connection, trail: Sequence[TrailEntry]) -> None:
    """Add accepted events. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if trail:
        rows = [
            (*_trail_values(record, envelope), at_ms(began_at), envelope.value.decode())
            for record, envelope, began_at in trail
        ]
        columns = (*_TRAIL_COLUMNS, "began_at", "event")
        await connection.copy_records_to_table("order_events", records=rows, columns=columns)


async def put_dead_letters(connection: asyncpg.Connection, letters: Iterable[DeadLetter]) -> None:
    """Quarantine records, in order."""
    rows = [
        (*_trail_values(one.record, one.envelope), one.envelope.value, one.reason.replace("\x00", "")[:500])
        for one in letters
    ]
    if rows:
        columns = (*_TRAIL_COLUMNS, "value", "reason")
        await connection.copy_records_to_table("dead_letters", records=rows, columns=columns)


def _trail_values(record: LogRecord, envelope: Envelope) -> tuple[Any, ...]:
    return (
        envelope.order_id,
        envelope.version,
        envelope.id,
        envelope.type,
        envelope.venue_id,
        envelope.organization_id,
        record.partition,
        record.offset,
        at_ms(envelope.appended_at),
        envelope.fingerprint,
    )
