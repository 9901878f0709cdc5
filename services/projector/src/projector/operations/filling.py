"""Fills a schema from the log up to given offsets, as `projector run` would, in batches as large as memory likes.

The rows are ReadModels' own: one code decides what stands in them, live and rebuilt. Positions move with the rows, so
that whoever is killed goes on where its last transaction ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from projector.batches import Batch, records_of, steps_of
from projector.checkpoints import Checkpoints
from projector.database import UNAVAILABLE, close_pool, open_pool
from projector.folding import Folded
from projector.holdings import Holdings
from projector.operations.refusal import Refusal
from projector.pipeline import Pipeline
from projector.read_models import ReadModels, Step
from projector.settings import LogSettings
from projector.unreadable import Guard

log = structlog.get_logger(__name__)

_BATCH_SECONDS = 120.0
_FETCH_BYTES = 4 * 1024 * 1024
_BYTES_AT_HAND = 128_000_000


class Filler:
    """Some partitions of a schema. Whoever else moves them on fences this one off (read_models.Fenced)."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        checkpoints: Checkpoints,
        read_models: ReadModels,
        pipeline: Pipeline,
        settings: LogSettings,
        partitions: Sequence[int],
        *,
        batch_records: int,
        patience_seconds: float,
    ) -> None:
        self._consumer, self._checkpoints = consumer, checkpoints
        self._read_models, self._pipeline = read_models, pipeline
        self._topic, self._partitions = settings.orders_topic, settings.orders_partitions
        self._mine = tuple(partitions)
        self._batch_records, self._patience = batch_records, patience_seconds
        self.holdings = Holdings()
        Guard(consumer, settings.orders_topic, self.holdings)

    async def fill(self, until: Mapping[int, int]) -> None:
        """Project up to these offsets. Raises LineageBroken, Fenced, or Refusal once patience is at its end."""
        last_step, claimed = time.monotonic(), False
        while True:
            try:
                if not claimed:
                    await self._claim()
                    claimed = True
                if self._missing(until) == 0:
                    await self._pipeline.written()
                    return
                if await self._one_batch(until):
                    last_step = time.monotonic()
                    continue
                reason = "Kafka gave no record"
            except (*UNAVAILABLE, KafkaError) as error:
                log.warning("trying again", error=repr(error))
                claimed, reason = False, repr(error)
                await self._checkpoints.renew_connections()
                await asyncio.sleep(0.5)
            if time.monotonic() - last_step > self._patience:
                raise Refusal(
                    f"no step forward for {self._patience:.0f} s: {reason}. Started again, it goes on from here"
                )

    async def _claim(self) -> None:
        """Stand where the rows stand: after a failure nobody knows whether the last batch was written."""
        await self._pipeline.drain()
        self._pipeline.forget()
        self.holdings.clear()
        self.holdings.update(await self._checkpoints.read(self._mine))
        self._rewind()

    def _rewind(self) -> None:
        for partition, held in self.holdings.items():
            self._consumer.seek(TopicPartition(self._topic, partition), held.fetch_from)

    async def _one_batch(self, until: Mapping[int, int]) -> bool:
        batch = await self._gather(until)
        if not batch:
            return False
        steps = steps_of(batch, self.holdings)
        judged = records_of(batch, self._partitions)
        if not await self._pipeline.take(judged, lambda folded: self._write(folded, steps)):
            await self._claim()
        return True

    async def _write(self, folded: Folded, steps: Mapping[int, Step]) -> None:
        if await self._read_models.write(folded, steps) is not folded.changes:
            self._pipeline.forget()

    async def _gather(self, until: Mapping[int, int]) -> Batch:
        """Poll until there is a batch. It ends early where records come from another offset than the next one."""
        first = self._first(until)
        self._poll_only(first)
        batch: Batch = {}
        wanted, got = sum(first.values()), 0
        while got < min(wanted, self._batch_records):
            polled = await self._consumer.getmany(timeout_ms=1000, max_records=self._batch_records - got)
            for where, records in polled.items():
                admitted = self._admit(batch, where.partition, records)
                if admitted is None:
                    self._rewind_behind(batch)
                    return batch
                fitting = [record for record in admitted if record.offset < until[where.partition]]
                if fitting:
                    batch[where.partition] = [*batch.get(where.partition, ()), *fitting]
                    got += len(fitting)
                if len(fitting) < len(admitted):
                    self._consumer.seek(where, until[where.partition])
                    self._consumer.pause(where)
            if not polled:
                break
        return batch

    def _admit(
        self, batch: Batch, partition: int, records: Sequence[ConsumerRecord]
    ) -> Sequence[ConsumerRecord] | None:
        if partition not in batch:
            return self.holdings.admit(partition, records)
        return records if records[0].offset == batch[partition][-1].offset + 1 else None

    def _rewind_behind(self, batch: Batch) -> None:
        for partition, held in self.holdings.items():
            offset = batch[partition][-1].offset + 1 if partition in batch else held.fetch_from
            self._consumer.seek(TopicPartition(self._topic, partition), offset)

    def _poll_only(self, partitions: Iterable[int]) -> None:
        every = {TopicPartition(self._topic, partition) for partition in self._mine}
        wanted = {TopicPartition(self._topic, partition) for partition in partitions}
        self._consumer.pause(*(every - wanted))
        self._consumer.resume(*wanted)

    def _first(self, until: Mapping[int, int]) -> dict[int, int]:
        """Give the partitions that the next batch is read from, and how many records each lacks.

        One after another, each to its end: a batch holds most of an order's events then, and its row is written once.
        """
        first: dict[int, int] = {}
        for partition, held in self.holdings.items():
            if sum(first.values()) < self._batch_records and held.next < until.get(partition, 0):
                first[partition] = until[partition] - held.next
        return first

    def _missing(self, until: Mapping[int, int]) -> int:
        return sum(max(0, until.get(partition, 0) - held.next) for partition, held in self.holdings.items())


@asynccontextmanager
async def filler(
    settings: LogSettings, epoch: str, partitions: Sequence[int], *, batch_records: int, patience_seconds: float = 300.0
) -> AsyncIterator[Filler]:
    """Open a filler of `settings.database_schema`.

    No batch waits for the disk: one that a crash of Postgres undoes is read again, as its position stands in the same
    transaction; and the swap's own COMMIT, which does wait, has all before it on the disk too.

    Past any pooler, whose role has the served schema's name set; and with a deadline for large batches: nobody waits
    for these locks but whoever goes on after this one was killed.
    """
    direct = {"database_url": SecretStr(settings.direct_address), "database_prepared_statements": True}
    settings = settings.model_copy(update={**direct, "database_command_seconds": _BATCH_SECONDS})
    pool = await open_pool(settings, connections=2, acquire_seconds=10.0, writes=True, at_once=False)
    consumer = AIOKafkaConsumer(
        **settings.kafka_access(),
        client_id="projector-rebuild",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(settings.orders_topic, partition) for partition in partitions])
        read_models = ReadModels(pool, epoch=epoch, partitions=settings.orders_partitions)
        pipeline = Pipeline(read_models, bytes_at_hand=_BYTES_AT_HAND)
        try:
            yield Filler(
                consumer,
                Checkpoints(pool, epoch=epoch, partitions=settings.orders_partitions),
                read_models,
                pipeline,
                settings,
                partitions,
                batch_records=batch_records,
                patience_seconds=patience_seconds,
            )
        finally:
            await pipeline.drain()
    finally:
        await consumer.stop()
        await close_pool(pool)
