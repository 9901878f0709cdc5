"""The SQL of the rows: what is read of them before a batch, and what is written after it."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter

import asyncpg
import msgspec

from order_contracts.wire import Envelope
from projector.changes import Before, DeadLetter, Head, LogRecord, TrailEntry
from projector.order_row import OrderRow, at_ms
from projector.pace import Pace
from projector.refunds import Refund

_ROWS = """
SELECT order_id, venue_id, organization_id, version, head, status, payment, channel, display_number, placed_at,
       promised_at, ready_at, created_at, updated_at, document, pace
FROM orders WHERE order_id = ANY($1::text[])
"""

_QUARANTINED = """
SELECT DISTINCT ON (partition, order_id) partition, order_id, event_id, version
FROM dead_letters WHERE order_id = ANY($1::text[])
ORDER BY partition, order_id, version DESC
"""

_PUT_ROWS = """
INSERT INTO orders AS held (order_id, venue_id, organization_id, version, head, status, payment, channel,
                            display_number, placed_at, promised_at, ready_at, created_at, updated_at, document, pace)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                     $14::timestamptz[], $15::json[], $16::json[])
ON CONFLICT (order_id) DO UPDATE SET
    version = excluded.version, head = excluded.head, status = excluded.status, payment = excluded.payment,
    channel = excluded.channel, display_number = excluded.display_number, placed_at = excluded.placed_at,
    promised_at = excluded.promised_at, ready_at = excluded.ready_at, updated_at = excluded.updated_at,
    document = excluded.document, pace = excluded.pace
"""

_PUT_REFUNDS = """
INSERT INTO refunds (order_id, version, venue_id, organization_id, refunded_at, currency, amount, actor, reason)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bigint[],
                     $8::text[], $9::text[])
"""

_TRAIL_COLUMNS = (
    "order_id", "version", "event_id", "type", "venue_id", "organization_id", "partition", "log_offset", "appended_at",
    "fingerprint", "began_at",
)  # fmt: skip

_LETTER_COLUMNS = (*_TRAIL_COLUMNS[:-1], "value", "reason")

_row_values = attrgetter(*OrderRow.__struct_fields__[:-2])
_refund_values = attrgetter(*Refund.__dataclass_fields__)
_encode = msgspec.json.Encoder().encode
_decode_pace = msgspec.json.Decoder(Pace).decode


async def load_before(connection: asyncpg.Connection, records: Sequence[LogRecord]) -> Before:
    """Read the rows and quarantined heads of a batch's orders."""
    orders = list({record.content.order_id for record in records if isinstance(record.content, Envelope)})
    rows = await connection.fetch(_ROWS, orders)
    letters = await connection.fetch(_QUARANTINED, orders)
    return Before(
        rows={row["order_id"]: _row(row) for row in rows},
        quarantined={(row["partition"], row["order_id"]): Head(row["event_id"], row["version"]) for row in letters},
    )


def _row(row: asyncpg.Record) -> OrderRow:
    values = *row[:-2], msgspec.json.decode(row["document"]), _decode_pace(row["pace"])
    return OrderRow(*values)


async def put_rows(connection: asyncpg.Connection, rows: Collection[OrderRow]) -> None:
    """Insert or replace orders. created_at, venue and organization stay what they were."""
    if not rows:
        return
    columns = zip(*map(_row_values, rows), strict=True)
    documents = [_encode(row.document).decode() for row in rows]
    paces = [_encode(row.pace).decode() for row in rows]
    await connection.execute(_PUT_ROWS, *map(list, columns), documents, paces)


async def put_refunds(connection: asyncpg.Connection, refunds: Sequence[Refund]) -> None:
    """Add what was given back."""
    if refunds:
        await connection.execute(_PUT_REFUNDS, *map(list, zip(*map(_refund_values, refunds), strict=True)))


async def append_trail(connection: asyncpg.Connection, trail: Sequence[TrailEntry]) -> None:
    """Add accepted events. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if trail:
        await connection.copy_records_to_table(
            "order_events",
            records=[
                (*_trail_values(record, envelope), began_at, envelope.value.decode())
                for record, envelope, began_at in trail
            ],
            columns=(*_TRAIL_COLUMNS, "event"),
        )


async def put_dead_letters(connection: asyncpg.Connection, letters: Iterable[DeadLetter]) -> None:
    """Quarantine records, in order."""
    rows = [
        (*_trail_values(one.record, one.envelope), one.envelope.value, one.reason.replace("\x00", "")[:500])
        for one in letters
    ]
    if rows:
        await connection.copy_records_to_table("dead_letters", records=rows, columns=_LETTER_COLUMNS)


def _trail_values(record: LogRecord, envelope: Envelope) -> tuple[object, ...]:
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
