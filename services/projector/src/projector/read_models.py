"""Writes the read models: the rows of a batch and its positions in one transaction, or nothing.

Invariant: a partition's position moves from where this projector read it, and only together with its rows. The
compare-and-set comes first in the transaction; another projector's word there undoes all of it. So does a schema that
another release has migrated, or has rebuilt and swapped in: only it knows what is to be written there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from projector.changes import Changes, LogRecord
from projector.database import UNWRITABLE
from projector.projection import project
from projector.schema import own_migrations
from projector.statements import append_trail, load_before, put_dead_letters, write
from projector.trail_months import TrailMonths


class Fenced(Exception):
    """Another projector has moved a partition on: what this one holds of it is stale."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch does to one partition: where it was, where it is then, and a digest of its last record."""

    old: int
    next: int
    lineage: str


# Rows are locked in the order of partitions, so that two projectors that overlap wait for each other, never deadlock.
_MOVE = """
WITH mine AS (
    SELECT held.partition, step.next, step.lineage
    FROM positions AS held
    JOIN unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[]) AS step(partition, old, next, lineage)
      ON held.partition = step.partition AND held.next = step.old
    WHERE held.epoch = $5 AND $6 = (SELECT count(*) FROM _yoyo_migration)
    ORDER BY held.partition
    FOR UPDATE OF held
)
UPDATE positions AS held SET next = mine.next, lineage = mine.lineage
FROM mine WHERE held.partition = mine.partition
RETURNING held.partition
"""


class ReadModels:
    """The tables, of one epoch of the log."""

    def __init__(self, pool: asyncpg.Pool, *, epoch: str, partitions: int) -> None:
        self._pool = pool
        self._epoch = epoch
        self._partitions = partitions
        self._months = TrailMonths()
        self._migrations = own_migrations()

    async def apply(self, records: Sequence[LogRecord], steps: Mapping[int, Step]) -> Changes:
        """Project a batch. Raises Fenced, or one of database.UNAVAILABLE: then the positions have to be read again.

        One transaction for all partitions of the batch, not one each: at 500 events a second a poll brings a few
        records of many partitions, and the price is by the commit, not by the row. A fence on one partition throws
        the others of that batch back too; they are read again a moment later, and that is rare.
        """
        try:
            return await self._transaction(records, steps, bisect=False)
        except UNWRITABLE:
            self._months.forget()  # retention may have dropped one, and no partition is an integrity error too
            return await self._transaction(records, steps, bisect=True)

    async def _transaction(self, records: Sequence[LogRecord], steps: Mapping[int, Step], *, bisect: bool) -> Changes:
        changes = Changes()
        async with self._pool.acquire() as connection, connection.transaction():
            await self._move(connection, steps)
            if bisect:
                await self._write_around_poison(connection, records, changes)
            else:
                await self._write(connection, records, changes)
        return changes

    async def _move(self, connection: asyncpg.Connection, steps: Mapping[int, Step]) -> None:
        moved = await connection.fetch(
            _MOVE,
            list(steps),
            [step.old for step in steps.values()],
            [step.next for step in steps.values()],
            [step.lineage for step in steps.values()],
            self._epoch,
            self._migrations,
        )
        lost = steps.keys() - {row["partition"] for row in moved}
        if lost:
            raise Fenced(
                f"another projector has moved partitions {sorted(lost)} on, or the schema is another release's"
            )

    async def _write(
        self, connection: asyncpg.Connection, records: Sequence[LogRecord], total: Changes, poison: str | None = None
    ) -> None:
        before = await load_before(connection, records)
        changes = project(records, before, partitions=self._partitions, poison=poison)
        await write_changes(connection, self._months, changes)
        total.add(changes)

    async def _write_around_poison(
        self, connection: asyncpg.Connection, records: Sequence[LogRecord], total: Changes
    ) -> None:
        """Halve until the record that Postgres refuses stands alone; it is quarantined, all others are written.

        In log order, each part on what the parts before it left: later events of the poisoned order find its dead
        letter and queue behind it.
        """
        try:
            async with connection.transaction():
                await self._write(connection, records, total)
        except UNWRITABLE as error:
            if len(records) == 1:
                await self._write(connection, records, total, poison=f"{type(error).__name__}: {error}")
                return
            middle = len(records) // 2
            await self._write_around_poison(connection, records[:middle], total)
            await self._write_around_poison(connection, records[middle:], total)


async def write_changes(connection: asyncpg.Connection, months: TrailMonths, changes: Changes) -> None:
    """Write what was projected, within the caller's transaction: one that holds the partition's position."""
    await months.ensure(connection, {entry.began_at for entry in changes.trail})
    await append_trail(connection, changes.trail)
    await write(connection, changes)
    await put_dead_letters(connection, changes.dead_letters)
