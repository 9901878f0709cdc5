"""Takes an order out of quarantine: replays its dead letters, or discards the one that all others wait for.

Invariant: all or nothing an order, in one transaction that holds its partition's position: no projector writes the
partition meanwhile, and the next one finds rows as if nothing had ever been quarantined. Times come from the log, so
what is replayed late stands as a rebuild would write it. A discarded event's letter stays, marked: a rebuild passes
over it in the same way (projection.py), and order-api still finds it there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from order_contracts.wire import Envelope
from projector.changes import Before, LogRecord
from projector.database import UNWRITABLE
from projector.loading import load_before
from projector.operations.refusal import Refusal
from projector.projection import project
from projector.read_models import write_changes
from projector.trail_months import TrailMonths

_LOCK = "UPDATE positions SET revision = revision + 1 WHERE partition = $1"  # so that no projector's rows still hold
_WAITING = """
SELECT partition, log_offset, event_id, type, order_id, venue_id, organization_id, version, fingerprint, value, reason,
       (extract(epoch FROM appended_at) * 1000)::bigint AS appended_at
FROM dead_letters WHERE order_id = $1 AND partition = $2 AND discarded_at IS NULL ORDER BY version
"""
_PARTITIONS = "SELECT DISTINCT partition FROM dead_letters WHERE order_id = $1 AND discarded_at IS NULL"
_REMOVE = "DELETE FROM dead_letters WHERE partition = $1 AND order_id = $2 AND version = ANY($3::bigint[])"
_MARK = (
    "UPDATE dead_letters SET discarded_at = now(), discard_note = $4 "
    "WHERE partition = $1 AND order_id = $2 AND version = $3"
)


class StillRefused(Exception):
    """An event can't be projected now either; nothing was changed. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Requeued:
    """What became of an order: events projected now, and letters that wait still, with the first one's reason."""

    order_id: str
    projected: int
    waiting: int
    reason: str | None = None


async def replay(connection: asyncpg.Connection, order_id: str, *, partitions: int) -> Requeued:
    """Project all letters of an order. Raises StillRefused, Refusal when there are none."""
    async with connection.transaction():
        records = await _waiting(connection, order_id)
        try:
            return await _project(connection, records, partitions)
        except UNWRITABLE as error:
            raise StillRefused(f"order {order_id}: {type(error).__name__}: {error}") from error


async def discard(connection: asyncpg.Connection, order_id: str, note: str, *, partitions: int) -> Requeued:
    """Pass over the first letter of an order and replay those behind it, if they can be. Raises Refusal."""
    async with connection.transaction():
        first, *others = await _waiting(connection, order_id)
        envelope = _envelope(first)
        row = (await load_before(connection, [order_id])).rows.get(order_id)
        if row is None or row.version != envelope.version - 1:
            raise Refusal(
                f"order {order_id}: what is refused is its very first event. Passing over it would leave an order that "
                "nobody placed, so it stays in quarantine; no other order waits for it"
            )
        await connection.execute(_MARK, first.partition, order_id, envelope.version, note)
        await connection.execute(
            "UPDATE orders SET version = $2, head = $3 WHERE order_id = $1", order_id, envelope.version, envelope.id
        )
        if not others:
            return Requeued(order_id, 0, 0)
        try:
            async with connection.transaction():
                return await _project(connection, others, partitions)
        except (*UNWRITABLE, StillRefused) as error:
            return Requeued(order_id, 0, len(others), str(error))


async def _waiting(connection: asyncpg.Connection, order_id: str) -> Sequence[LogRecord]:
    """Lock the order's partition and read its letters, with the parents that their headers named."""
    found = [row["partition"] for row in await connection.fetch(_PARTITIONS, order_id)]
    if not found:
        raise Refusal(f"order {order_id} has no letters that wait: `projector dead-letters list` names those that do")
    (partition,) = found
    await connection.execute(_LOCK, partition)
    records: list[LogRecord] = []
    parent = await connection.fetchval("SELECT head FROM orders WHERE order_id = $1", order_id)
    for row in await connection.fetch(_WAITING, order_id, partition):
        envelope = Envelope(
            id=row["event_id"],
            type=row["type"],
            order_id=order_id,
            venue_id=row["venue_id"],
            organization_id=row["organization_id"],
            version=row["version"],
            parent=parent,
            stations=(),
            not_after=row["appended_at"],  # it was accepted, so it was in time
            fingerprint=row["fingerprint"] or "",
            appended_at=row["appended_at"],
            value=row["value"],
        )
        records.append(LogRecord(partition, row["log_offset"], envelope))
        parent = envelope.id
    return records


async def _project(connection: asyncpg.Connection, records: Sequence[LogRecord], partitions: int) -> Requeued:
    order_id = _envelope(records[0]).order_id
    before = await load_before(connection, [order_id])
    changes = project(records, Before(before.rows, {}, before.discarded), partitions=partitions)
    if changes.dead_letters or sum(changes.accepted.values()) != len(records):
        letter = next(iter(changes.dead_letters), None)
        raise StillRefused(
            f"order {order_id}: version {letter.envelope.version}: {letter.reason}"
            if letter
            else f"order {order_id}: its letters do not follow its row, which should never be: rebuild"
        )
    versions = [_envelope(record).version for record in records]
    await connection.execute(_REMOVE, records[0].partition, order_id, versions)
    await write_changes(connection, TrailMonths(), changes)
    return Requeued(order_id, len(records), 0)


def _envelope(record: LogRecord) -> Envelope:
    if not isinstance(record.content, Envelope):
        raise TypeError("a dead letter is always well-formed")
    return record.content
