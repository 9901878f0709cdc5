"""The audit trail and the dead letters on their way to Postgres: records, as they stand in the log."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any

import asyncpg

from order_contracts.wire import Envelope
from projector.changes import DeadLetter, LogRecord, TrailEntry
from projector.order_row import at_ms

_TRAIL_COLUMNS = (
    "order_id", "version", "event_id", "type", "venue_id", "organization_id", "partition", "log_offset", "appended_at",
    "fingerprint",
)  # fmt: skip


async def append_trail(connection: asyncpg.Connection, text: bytes) -> None:
    """Add accepted events, a line each. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if text:
        columns = (*_TRAIL_COLUMNS, "began_at", "event")
        with BytesIO(text) as source:  # closed, or a cycle that asyncpg leaves would hold all of it for the collector
            await connection.copy_to_table("order_events", source=source, columns=columns)


def trail_line(entry: TrailEntry) -> bytes:
    """Write an accepted event as COPY reads it: asyncpg would encode each of its twelve values by itself.

    An envelope's texts hold no control characters; an event may, between its tokens.
    """
    record, envelope, began_at = entry
    parts = (
        f"{envelope.order_id}\t{envelope.version}\t{envelope.id}\t{envelope.type}\t{envelope.venue_id}\t"
        f"{envelope.organization_id}\t{record.partition}\t{record.offset}\t{_written(envelope.appended_at)}\t"
        f"{envelope.fingerprint}\t{_written(began_at)}\t"
    ).replace("\\", "\\\\")
    event = envelope.value.decode().replace("\\", "\\\\")
    if not event.isprintable():
        event = event.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"{parts}{event}\n".encode()


def _written(milliseconds: int) -> str:
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03}+00"


@lru_cache(maxsize=4096)  # the events of a batch share few seconds
def _second(seconds: int) -> str:
    return at_ms(seconds * 1000).strftime("%Y-%m-%d %H:%M:%S")


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
