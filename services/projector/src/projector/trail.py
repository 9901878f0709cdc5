"""The audit trail and the dead letters on their way to Postgres: records, as they stand in the log."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from struct import Struct
from typing import Any

import asyncpg

from order_contracts.wire import MAX_ID, Envelope
from projector.changes import DeadLetter, LogRecord, TrailEntry
from projector.order_row import at_ms

_TRAIL_COLUMNS = (
    "order_id", "version", "event_id", "type", "venue_id", "organization_id", "partition", "log_offset", "appended_at",
    "fingerprint",
)  # fmt: skip
_FIXED = ("version", "partition", "log_offset", "appended_at", "began_at")
_VARYING = ("venue_id", "organization_id", "type", "order_id", "event_id", "fingerprint", "event")
COLUMNS = (*_FIXED, *_VARYING)
_BEFORE, _AFTER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_fixed = Struct(">hiqiiiqiqiq").pack  # how many columns, then each of the fixed ones behind its length
_length = Struct(">i").pack
_LENGTHS = [_length(number) for number in range(MAX_ID + 1)]  # of an envelope's texts, which are ASCII
_Y2K_MS = 946_684_800_000  # where Postgres counts its microseconds from


async def append_trail(connection: asyncpg.Connection, rows: bytes) -> None:
    """Add accepted events. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if rows:
        with BytesIO(_BEFORE + rows + _AFTER) as source:  # closed, or a cycle that asyncpg leaves would hold all of it
            await connection.copy_to_table("order_events", source=source, columns=COLUMNS, format="binary")


def trail_rows(entries: Iterable[TrailEntry]) -> bytes:
    """Write accepted events as COPY reads them in its binary form: asyncpg would encode each value by itself.

    Nothing is escaped and no moment is a text: it costs Postgres and us less than its lines of text.
    """
    return b"".join([_row(entry) for entry in entries])


def _row(entry: TrailEntry) -> bytes:
    record, envelope, began_at = entry
    order_id, event_id, fingerprint, event = envelope.order_id, envelope.id, envelope.fingerprint, envelope.value
    moments = 8, _moment(envelope.appended_at), 8, _moment(began_at)
    return b"".join(
        (
            _fixed(len(COLUMNS), 8, envelope.version, 4, record.partition, 8, record.offset, *moments),
            _shared(envelope.venue_id, envelope.organization_id, envelope.type),
            _LENGTHS[len(order_id)],
            order_id.encode(),
            _LENGTHS[len(event_id)],
            event_id.encode(),
            _LENGTHS[len(fingerprint)],
            fingerprint.encode(),
            _length(len(event)),
            event,
        )
    )


@lru_cache(maxsize=4096)  # the events of a batch share few
def _shared(*texts: str) -> bytes:
    return b"".join(_length(len(text)) + text for text in map(str.encode, texts))


def _moment(milliseconds: int) -> int:
    return (milliseconds - _Y2K_MS) * 1000


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
