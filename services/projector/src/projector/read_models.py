"""Writes the read models: the rows of a batch and its positions in one transaction, or nothing.

Invariant: a partition's position moves from where this projector read it, and only together with its rows. The
compare-and-set comes first in the transaction; another projector's word there undoes all of it, and an operator's who
changed rows. So does a schema that another release has migrated, or has rebuilt and swapped in: only it knows what is
to be written there.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import asyncpg

from projector.changes import Before, Changes, LogRecord
from projector.database import UNWRITABLE
from projector.folding import Folded, fold, orders_of
from projector.loading import load_before
from projector.projection import project
from projector.schema import own_migrations
from projector.statements import send, texts_of
from projector.trail import append_trail, put_dead_letters, trail_rows
from projector.trail_months import TrailMonths


class Fenced(Exception):
    """Another projector has moved a partition on, or others have changed its rows: what this one holds is stale."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch does to one partition: where it was, where it is then, and a digest of its last record.

    `revision` is that of the rows which the batch was folded on.
    """

    old: int
    next: int
    lineage: str
    revision: int = 0


# Rows are locked in the order of partitions, so that two projectors that overlap wait for each other, never deadlock.
_MOVE = """
WITH mine AS (
    SELECT held.partition, step.next, step.lineage
    FROM positions AS held
    JOIN unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
      AS step(partition, old, next, lineage, revision)
      ON held.partition = step.partition AND held.next = step.old AND held.revision = step.revision
    WHERE held.epoch = $6 AND $7 = (SELECT count(*) FROM _yoyo_migration)
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

    async def fold(self, records: Sequence[LogRecord], orders: Set[str], before: Before) -> Folded:
        """Project a batch, of these orders, and write out what is to be sent. Nothing is sent."""
        return await fold(records, orders, before, self._partitions)

    async def before(self, orders: Sequence[str]) -> Before:
        """Read what the tables hold of some orders.

        Outside of any transaction: the compare-and-set of `write` says whether it still stands. Raises one of
        database.UNAVAILABLE.
        """
        async with self._pool.acquire() as connection:
            return await load_before(connection, orders)

    async def write(self, folded: Folded, steps: Mapping[int, Step]) -> Changes:
        """Write a batch. Raises Fenced, or one of database.UNAVAILABLE: then the positions have to be read again.

        Changes that are not the folded ones tell that Postgres refused a record, which is quarantined now: what was
        folded on the rows of this batch is not to be written.

        One transaction for all partitions of the batch, not one each: at 500 events a second a poll brings a few
        records of many partitions, and the price is by the commit, not by the row. A fence on one partition throws
        the others of that batch back too; they are read again a moment later, and that is rare.
        """
        if folded.writing is not None:
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await self._move(connection, steps)
                    await self._send(connection, folded)
                    return folded.changes
            except UNWRITABLE:
                self._months.forget()  # retention may have dropped one, and no partition is an integrity error too
        changes = Changes()
        async with self._pool.acquire() as connection, connection.transaction():
            await self._move(connection, steps)
            await self._write_around_poison(connection, folded.records, changes)
        return changes

    async def apply(self, records: Sequence[LogRecord], steps: Mapping[int, Step]) -> Changes:
        """Fold a batch on what the tables hold, and write it."""
        orders = orders_of(records)
        return await self.write(await self.fold(records, orders, await self.before(sorted(orders))), steps)

    async def _move(self, connection: asyncpg.Connection, steps: Mapping[int, Step]) -> None:
        moved = await connection.fetch(
            _MOVE,
            list(steps),
            [step.old for step in steps.values()],
            [step.next for step in steps.values()],
            [step.lineage for step in steps.values()],
            [step.revision for step in steps.values()],
            self._epoch,
            self._migrations,
        )
        lost = steps.keys() - {row["partition"] for row in moved}
        if lost:
            raise Fenced(
                f"partitions {sorted(lost)} were moved on or changed by others, or by another release's schema"
            )

    async def _send(self, connection: asyncpg.Connection, folded: Folded) -> None:
        if folded.writing is not None:
            await self._months.ensure(connection, folded.began)
            await append_trail(connection, folded.trail)
            await send(connection, folded.writing)
            await put_dead_letters(connection, folded.changes.dead_letters)

    async def _write_around_poison(
        self, connection: asyncpg.Connection, records: Sequence[LogRecord], total: Changes
    ) -> None:
        """Halve until the record that Postgres refuses stands alone; it is quarantined, all others are written.

        In log order, each part on what the parts before it left: later events of the poisoned order find its dead
        letter and queue behind it.
        """
        try:
            async with connection.transaction():
                total.add(await self._write_anew(connection, records))
        except UNWRITABLE as error:
            if len(records) == 1:
                total.add(await self._write_anew(connection, records, poison=f"{type(error).__name__}: {error}"))
                return
            middle = len(records) // 2
            await self._write_around_poison(connection, records[:middle], total)
            await self._write_around_poison(connection, records[middle:], total)

    async def _write_anew(
        self, connection: asyncpg.Connection, records: Sequence[LogRecord], poison: str | None = None
    ) -> Changes:
        before = await load_before(connection, sorted(orders_of(records)))
        changes = project(records, before, partitions=self._partitions, poison=poison)
        await write_changes(connection, self._months, changes)
        return changes


async def write_changes(connection: asyncpg.Connection, months: TrailMonths, changes: Changes) -> None:
    """Write what was projected, within the caller's transaction: one that holds the partition's position."""
    await months.ensure(connection, {entry.began_at for entry in changes.trail})
    await append_trail(connection, trail_rows(changes.trail))
    await send(connection, texts_of(changes))
    await put_dead_letters(connection, changes.dead_letters)
