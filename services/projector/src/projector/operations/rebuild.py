"""`projector rebuild`: the read models anew from the log, beside those that are served, then in their place.

Phases: fill without secondary indexes, in several processes; build the indexes; follow the log until little is
missing; swap. Each can be cut off anywhere and taken up again by the same command.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from projector.database import connect_directly
from projector.log_contract import check_topic
from projector.operations.ends import LogEnds, log_ends
from projector.operations.filling import Filler, filler
from projector.operations.refusal import Refusal
from projector.operations.retention import drop_given_up
from projector.operations.shadow import Shadow, drop_schema, only_one
from projector.operations.swap import copy_grants, swap
from projector.operations.telling import Telling
from projector.operations.workers import workers
from projector.settings import LogSettings

_FEW = 2_000  # what one process follows up alone, within a second
_FOLLOW_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done. `filled` of `records` are of this run; `swap_seconds` is how long readers may have waited."""

    records: int
    filled: int
    seconds: float
    fill_seconds: float
    index_seconds: float
    swap_seconds: float
    resumed: bool
    retired: str | None


class Rebuild:
    """One run of it."""

    def __init__(self, settings: LogSettings, telling: Telling, *, processes: int) -> None:
        self._served = settings.database_schema
        self._settings = settings.model_copy(update={"database_schema": f"{self._served}_rebuild"})
        self._telling, self._processes = telling, processes

    async def run(self, *, anew: bool, keep_old: bool) -> Rebuilt:
        """Rebuild and swap. Raises Refusal, TopicUnfit, or what a database or a broker that is gone raises."""
        began = time.monotonic()
        epoch = await check_topic(self._settings)
        connection = await only_one(
            self._settings.model_copy(update={"database_schema": self._served}), self._settings.database_schema
        )
        try:
            async with log_ends(self._settings) as log:
                await log.check_beginning()
                return await self._phases(connection, log, epoch, began, anew=anew, keep_old=keep_old)
        finally:
            await connection.close()

    async def _phases(
        self, connection: asyncpg.Connection, log: LogEnds, epoch: str, began: float, *, anew: bool, keep_old: bool
    ) -> Rebuilt:
        shadow = Shadow(self._settings, connection, served=self._served, schema=self._settings.database_schema)
        resumed = await shadow.prepare(epoch=epoch, partitions=self._settings.orders_partitions, anew=anew)
        already = await self._standing(connection)
        self._telling.say(f"{'going on with' if resumed else 'filling'} {shadow.schema}, {already:,} records in it")
        filling = time.monotonic()
        await self._fill(connection, log, epoch)
        indexing = time.monotonic()
        await self._build_indexes(shadow)
        indexed = time.monotonic()
        await self._fill(connection, log, epoch)
        retired = f"{self._served}_retired"
        await drop_schema(connection, retired)
        swapping = await self._follow_and_swap(connection, log, epoch, retired)
        records = await self._standing(connection, self._served)
        return Rebuilt(
            records=records,
            filled=records - already,
            seconds=round(time.monotonic() - began, 2),
            fill_seconds=round(indexing - filling, 2),
            index_seconds=round(indexed - indexing, 2),
            swap_seconds=round(swapping, 3),
            resumed=resumed,
            retired=await self._drop_retired(connection, retired, keep=keep_old),
        )

    async def _fill(self, connection: asyncpg.Connection, log: LogEnds, epoch: str) -> None:
        """Fill in several processes until the log's end, as it is when they begin, is near."""
        ends = await log.ends()
        missing = sum(ends.values()) - await self._standing(connection)
        if missing <= _FEW:
            return
        async with (
            self._telling.progress("reading the log", done=self._watched, total=sum(ends.values())),
            workers(self._settings, epoch, min(self._processes, self._settings.orders_partitions)) as fill,
        ):
            await fill(ends)

    async def _build_indexes(self, shadow: Shadow) -> None:
        missing = await shadow.missing_indexes()
        for number in range(1, missing + 1):
            self._telling.say(f"index {number} of {missing}: {await shadow.build_index()}")
        await shadow.analyze()

    async def _follow_and_swap(self, connection: asyncpg.Connection, log: LogEnds, epoch: str, retired: str) -> float:
        everything = range(self._settings.orders_partitions)
        async with filler(self._settings, epoch, everything, batch_records=_FOLLOW_RECORDS) as follower:
            await self._follow(follower, log)
            await copy_grants(connection, self._served, self._settings.database_schema)
            waited = 0.0

            async def catch_up(positions: Mapping[int, int]) -> None:
                nonlocal waited
                waited = time.monotonic()
                await follower.fill(positions)
                await drop_given_up(connection)

            self._telling.say("swapping")
            await swap(
                connection,
                epoch=epoch,
                served=self._served,
                shadow=self._settings.database_schema,
                retired=retired,
                catch_up=catch_up,
                before=lambda: self._follow(follower, log),
            )
            return time.monotonic() - waited if waited else 0.0

    async def _follow(self, follower: Filler, log: LogEnds) -> None:
        """Go on until what comes in while one fills is a handful."""
        while True:
            ends = await log.ends()
            if sum(ends.values()) - sum(held.next for held in follower.holdings.values()) < _FOLLOW_RECORDS // 10:
                return
            await follower.fill(ends)

    async def _standing(self, connection: asyncpg.Connection, schema: str | None = None) -> int:
        name = schema or self._settings.database_schema
        return int(await connection.fetchval(f'SELECT coalesce(sum(next), 0) FROM "{name}".positions'))  # noqa: S608

    async def _watched(self) -> int:
        connection = await connect_directly(self._settings)
        try:
            return await self._standing(connection)
        finally:
            await connection.close()

    async def _drop_retired(self, connection: asyncpg.Connection, retired: str, *, keep: bool) -> str | None:
        if keep:
            return retired
        try:
            await drop_schema(connection, retired)
        except Refusal as reason:
            self._telling.say(str(reason))
            return retired
        return None
