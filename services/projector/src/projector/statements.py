"""The SQL of the read models: what is read before a batch, and what is written after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter

import asyncpg
import msgspec

from order_contracts.wire import Envelope
from projector.order_row import OrderRow, at_ms
from projector.projection import Before, Changes, DeadLetter, Head, LogRecord
from projector.venue_counts import Key

_ROWS = """
SELECT order_id, venue_id, organization_id, version, head, status, payment, channel, display_number, placed_at,
       created_at, updated_at, document
FROM orders WHERE order_id = ANY($1::text[])
"""

_LETTERS = """
SELECT partition, order_id, event_id, version, discarded_at IS NOT NULL AS discarded
FROM dead_letters WHERE order_id = ANY($1::text[])
ORDER BY version
"""

_PUT_ROWS = """
INSERT INTO orders AS held (order_id, venue_id, organization_id, version, head, status, payment, channel,
                            display_number, placed_at, created_at, updated_at, document)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::jsonb[])
ON CONFLICT (order_id) DO UPDATE SET
    version = excluded.version, head = excluded.head, status = excluded.status, payment = excluded.payment,
    channel = excluded.channel, display_number = excluded.display_number, placed_at = excluded.placed_at,
    updated_at = excluded.updated_at, document = excluded.document
"""

_ADD_COUNTS = """
INSERT INTO venue_status_counts AS held (venue_id, status, organization_id, orders)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT (venue_id, status, organization_id) DO UPDATE SET orders = held.orders + excluded.orders
"""

_TRAIL_COLUMNS = (
    "order_id", "version", "event_id", "type", "venue_id", "organization_id", "partition", "log_offset", "appended_at",
    "fingerprint",
)  # fmt: skip

_row_values = attrgetter(*OrderRow.__dataclass_fields__)


async def load_before(connection: asyncpg.Connection, records: Sequence[LogRecord]) -> Before:
    """Read the rows and quarantined heads of a batch's orders."""
    orders = list({record.content.order_id for record in records if isinstance(record.content, Envelope)})
    rows = await connection.fetch(_ROWS, orders)
    letters = await connection.fetch(_LETTERS, orders)
    waiting = {(row["partition"], row["order_id"]) for row in letters if not row["discarded"]}
    return Before(
        rows={row["order_id"]: OrderRow(**{**row, "document": msgspec.json.decode(row["document"])}) for row in rows},
        quarantined={
            order: Head(row["event_id"], row["version"])
            for row in letters
            if (order := (row["partition"], row["order_id"])) in waiting
        },
        discarded={(row["partition"], row["order_id"], row["version"]) for row in letters if row["discarded"]},
    )


async def write(connection: asyncpg.Connection, changes: Changes) -> None:
    """Write what a batch changes, within the caller's transaction."""
    await append_trail(connection, changes.trail)
    await put_rows(connection, changes.rows.values())
    await add_counts(connection, changes.counts)
    await put_dead_letters(connection, changes.dead_letters)


async def put_rows(connection: asyncpg.Connection, rows: Collection[OrderRow]) -> None:
    """Insert or replace orders. created_at, venue and organization stay what they were."""
    if not rows:
        return
    *columns, documents = zip(*map(_row_values, rows), strict=True)
    encoded = [msgspec.json.encode(document).decode() for document in documents]
    await connection.execute(_PUT_ROWS, *map(list, columns), encoded)


async def append_trail(connection: asyncpg.Connection, trail: Sequence[tuple[LogRecord, Envelope]]) -> None:
    """Add accepted events. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if trail:
        await connection.copy_records_to_table(
            "order_events",
            records=[(*_trail_values(record, envelope), envelope.value.decode()) for record, envelope in trail],
            columns=(*_TRAIL_COLUMNS, "event"),
        )


async def add_counts(connection: asyncpg.Connection, counts: Mapping[Key, int]) -> None:
    """Add to the venues' counts."""
    if counts:
        venues, statuses, organizations = zip(*counts, strict=True)
        await connection.execute(_ADD_COUNTS, list(venues), list(statuses), list(organizations), list(counts.values()))


async def put_dead_letters(connection: asyncpg.Connection, letters: Iterable[DeadLetter]) -> None:
    """Quarantine records, in order."""
    rows = [
        (*_trail_values(one.record, one.envelope), one.envelope.value, one.reason.replace("\x00", "")[:500])
        for one in letters
    ]
    if rows:
        await connection.copy_records_to_table(
            "dead_letters", records=rows, columns=(*_TRAIL_COLUMNS, "value", "reason")
        )


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
