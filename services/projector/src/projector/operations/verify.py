"""`projector verify`: the rows as the log gives them, made again beside the served ones, and every row compared.

Both at the same positions: the served rows in one REPEATABLE READ snapshot, the shadow filled up to exactly where
that snapshot stands. The projector and all readers go on meanwhile.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg

from projector.checkpoints import EpochMismatch
from projector.database import connect_directly
from projector.log_contract import check_topic
from projector.operations.ends import log_ends
from projector.operations.filling import filler
from projector.operations.refusal import Refusal
from projector.operations.row_diff import RowDifference, Table, differences, tables_of
from projector.operations.shadow import Shadow, only_one
from projector.operations.telling import Telling
from projector.operations.workers import workers
from projector.settings import LogSettings

_FEW = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was compared. `differences` are the first ones; `complete` says whether they are all."""

    records: int
    rows: dict[str, int]
    differences: list[RowDifference]
    complete: bool
    seconds: float
    fill_seconds: float
    compare_seconds: float

    @property
    def equal(self) -> bool:
        """Whether every row of every table is as the log gives it."""
        return not self.differences


class Verify:
    """One run of it."""

    def __init__(self, settings: LogSettings, telling: Telling, *, processes: int, limit: int) -> None:
        self._served = settings
        self._shadow = settings.model_copy(update={"database_schema": f"{settings.database_schema}_verify"})
        self._telling, self._processes, self._limit = telling, processes, limit

    async def run(self, *, anew: bool) -> Verdict:
        """Fill a shadow and compare. Raises Refusal, TopicUnfit, EpochMismatch."""
        began = time.monotonic()
        epoch = await check_topic(self._served)
        connection = await only_one(self._served, self._shadow.database_schema)
        served = await connect_directly(self._served)
        try:
            async with log_ends(self._served) as log:
                await log.check_beginning()
            shadow = Shadow(
                self._shadow, connection, served=self._served.database_schema, schema=self._shadow.database_schema
            )
            await self._check_served(served, epoch)
            await shadow.prepare(epoch=epoch, partitions=self._served.orders_partitions, anew=anew)
            filling = time.monotonic()
            await self._fill_most(served, connection, epoch)
            async with served.transaction(isolation="repeatable_read", readonly=True):
                records = await self._fill_to_snapshot(served, epoch)
                comparing = time.monotonic()
                found, complete, rows = await self._compare(served, connection)
            compared = time.monotonic()
            await shadow.drop()
            spans = (time.monotonic() - began, comparing - filling, compared - comparing)
            return Verdict(records, rows, found, complete, *(round(span, 2) for span in spans))
        finally:
            await served.close()
            await connection.close()

    async def _check_served(self, served: asyncpg.Connection, epoch: str) -> None:
        try:
            epochs = {row["epoch"] for row in await served.fetch("SELECT DISTINCT epoch FROM positions")}
        except asyncpg.UndefinedTableError as error:
            raise Refusal(f"there is no schema {self._served.database_schema}: nothing to verify") from error
        if epochs != {epoch}:
            raise EpochMismatch(f"the rows are of epoch {sorted(epochs) or 'none'}, the log is {epoch}: rebuild them")

    async def _fill_most(self, served: asyncpg.Connection, connection: asyncpg.Connection, epoch: str) -> None:
        until = await _positions(served)

        async def done() -> int:
            return sum((await _positions(watching)).values())

        if sum(until.values()) - sum((await _positions(connection)).values()) <= _FEW:
            return
        watching = await connect_directly(self._shadow)
        try:
            async with (
                self._telling.progress("reading the log", done=done, total=sum(until.values())),
                workers(self._shadow, epoch, min(self._processes, self._shadow.orders_partitions)) as fill,
            ):
                await fill(until)
        finally:
            await watching.close()

    async def _fill_to_snapshot(self, served: asyncpg.Connection, epoch: str) -> int:
        until = await _positions(served)
        async with filler(self._shadow, epoch, range(self._shadow.orders_partitions), batch_records=5_000) as one:
            await one.fill(until)
            if {partition: held.next for partition, held in one.holdings.items()} != until:
                raise Refusal("the served rows went back behind the shadow's. Start it again with --anew")
        return sum(until.values())

    async def _compare(
        self, served: asyncpg.Connection, rebuilt: asyncpg.Connection
    ) -> tuple[list[RowDifference], bool, dict[str, int]]:
        names = self._served.database_schema, self._shadow.database_schema
        mine, theirs = await tables_of(served, names[0]), await tables_of(rebuilt, names[1])
        found: list[RowDifference] = []
        rows: dict[str, int] = {}
        for name, table in mine.items():
            self._telling.say(f"comparing {name}")
            rows[name] = await served.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608
            if name not in theirs or theirs[name].columns != table.columns:
                raise Refusal(
                    f"table {name} has other columns in the two schemas: bring both up to date with `migrate`"
                )
            async for difference in differences(await self._kept(served, table), served, rebuilt):
                if len(found) == self._limit:
                    return found, False, rows
                found.append(difference)
        return found, True, rows

    async def _kept(self, served: asyncpg.Connection, table: Table) -> Table:
        """Leave out what retention has given up."""
        since = await served.fetchval("SELECT kept_from FROM trail_retention")
        if table.name != "order_events" or since is None:
            return table
        return replace(table, compared=f"began_at >= '{since.isoformat()}'")


async def _positions(connection: asyncpg.Connection) -> dict[int, int]:
    rows: Sequence[asyncpg.Record] = await connection.fetch("SELECT partition, next FROM positions")
    return {row["partition"]: row["next"] for row in rows}
