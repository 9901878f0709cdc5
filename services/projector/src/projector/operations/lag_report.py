"""`projector lag`: how far the rows are behind the log's end, partition by partition, in records and seconds."""

import time
from dataclasses import dataclass

import asyncpg

from projector.checkpoints import EpochMismatch
from projector.log_contract import check_topic
from projector.operations.ends import log_ends
from projector.operations.refusal import Refusal
from projector.settings import LogSettings


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition. `seconds`: since when the first record that is not projected has been in the log."""

    partition: int
    next: int
    end: int
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LagReport:
    """All of them; `seconds` is that of the one that is furthest behind."""

    epoch: str
    records: int
    seconds: float
    partitions: list[PartitionLag]


async def lag_report(settings: LogSettings, connection: asyncpg.Connection) -> LagReport:
    """Compare positions with the log. Raises Refusal before the first projector has run, EpochMismatch."""
    epoch = await check_topic(settings)
    try:
        rows = await connection.fetch("SELECT partition, epoch, next FROM positions ORDER BY partition")
    except asyncpg.UndefinedTableError as error:
        raise Refusal(f"there is no schema {settings.database_schema} yet: start `projector run` first") from error
    if {row["epoch"] for row in rows} - {epoch}:
        raise EpochMismatch(f"the rows are of another life of the topic than {epoch}: rebuild them")
    positions = {row["partition"]: row["next"] for row in rows}
    async with log_ends(settings) as log:
        ends = await log.ends()
        behind = {partition: next_ for partition, next_ in positions.items() if next_ < ends[partition]}
        seen = await log.appended_at(behind)
    now = time.time()
    lags = [
        PartitionLag(
            partition,
            next_,
            ends[partition],
            max(0, ends[partition] - next_),
            round(max(0.0, now - seen[partition] / 1000), 3) if partition in seen else 0.0,
        )
        for partition, next_ in positions.items()
    ]
    return LagReport(epoch, sum(one.records for one in lags), max((one.seconds for one in lags), default=0.0), lags)
