"""The audit trail and the dead letters on their way to Postgres: records, as they stand in the log."""

from collections.abc import Iterable, Sequence
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
_TABS = len(_TRAIL_COLUMNS) + 1
_REST = [f".{rest:03}+00" for rest in range(1000)]


async def append_trail(connection: asyncpg.Connection, text: bytes) -> None:
    """Add accepted events, a line each. COPY knows no conflicts: the compare-and-set of the position rules them out."""
    if text:
        columns = (*_TRAIL_COLUMNS, "began_at", "event")
        with BytesIO(text) as source:  # closed, or a cycle that asyncpg leaves would hold all of it for the collector
            await connection.copy_to_table("order_events", source=source, columns=columns)


def trail_lines(entries: Sequence[TrailEntry]) -> bytes:
    """Write accepted events as COPY reads them: asyncpg would encode each of their twelve values by itself.

    An envelope's texts hold no control characters; an event may, between its tokens.
    """
    lines = b"".join([part for entry in entries for part in _line(entry)]).replace(b"\\", b"\\\\")
    if b"\r" in lines or lines.count(b"\n") != len(entries) or lines.count(b"\t") != _TABS * len(entries):
        return b"".join([_apart(entry) for entry in entries])
    return lines


def _line(entry: TrailEntry) -> tuple[bytes, bytes, bytes]:
    record, envelope, began_at = entry
    before = (
        f"{envelope.order_id}\t{envelope.version}\t{envelope.id}\t{envelope.type}\t{envelope.venue_id}\t"
        f"{envelope.organization_id}\t{record.partition}\t{record.offset}\t{_written(envelope.appended_at)}\t"
        f"{envelope.fingerprint}\t{_written(began_at)}\t"
    )
    return before.encode(), envelope.value, b"\n"


def _apart(entry: TrailEntry) -> bytes:
    """Write a line whose event has white space between its tokens."""
    before, event, end = (part.replace(b"\\", b"\\\\") for part in _line(entry))
    return before + event.replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\t", b"\\t") + end


def _written(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return _second(seconds) + _REST[rest]


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
