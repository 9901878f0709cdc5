"""Feeds the log into the read models: claims partitions, admits records, folds them while the batch before is written.

A partition is held (its position was read, the consumer stands there) or unclaimed (paused until then). Whatever goes
wrong with a batch has one answer: let go, read the position again, seek there. Kafka's own offsets are never trusted.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from order_contracts.tracing import traced
from order_contracts.wire import Malformed
from projector.batches import Batch, records_of, steps_of
from projector.changes import Changes, LogRecord
from projector.checkpoints import Checkpoints
from projector.database import UNAVAILABLE
from projector.folding import Folded
from projector.holdings import Holding, Holdings
from projector.metrics import Metrics
from projector.pipeline import Pipeline
from projector.progress import Progress
from projector.read_models import Fenced, ReadModels, Step
from projector.tracing import Traces

log = structlog.get_logger(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0


class OrderFeed(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka carries no types
    """One consumer's partitions. `take` and the listener run in the consumer's tasks, `claim_forever` in its own."""

    def __init__(
        self,
        *,
        topic: str,
        partitions: int,
        consumer: Callable[[], AIOKafkaConsumer],
        checkpoints: Checkpoints,
        read_models: ReadModels,
        pipeline: Pipeline,
        progress: Progress,
        metrics: Metrics,
        traces: Traces | None = None,
    ) -> None:
        self._topic, self._partitions = topic, partitions
        self._consumer = consumer
        self._checkpoints = checkpoints
        self._read_models = read_models
        self._pipeline = pipeline
        self._progress = progress
        self._metrics = metrics
        self._traces = traces
        self.holdings = Holdings()
        self.started = False  # once, it has held all that the group gave it
        self._unclaimed: set[int] = set()
        self._wake = asyncio.Event()
        self._failures = 0
        self._broken: BaseException | None = None

    @property
    def ready(self) -> bool:
        """Whether every partition that the group gave us is held."""
        return not self._unclaimed

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002  # all of them
        """Let go of everything. A batch in flight may still commit: the fence decides about that."""
        self.holdings.clear()
        self._unclaimed.clear()
        self._pipeline.forget()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause the new partitions, to be claimed.

        Nothing is awaited here: the group's coordination waits for this call, and Postgres may be down for an hour.
        The seek keeps aiokafka from asking Kafka for a committed offset, of which there is none.
        """
        for partition in assigned:
            self._consumer().seek(partition, 0)
        self._let_go({partition.partition for partition in assigned})

    def _let_go(self, partitions: Collection[int]) -> None:
        mine = {partition.partition for partition in self._consumer().assignment()} & set(partitions)
        self._consumer().pause(*(TopicPartition(self._topic, partition) for partition in mine))
        for partition in partitions:
            self.holdings.pop(partition, None)
        self._pipeline.forget()
        self._unclaimed |= mine
        self._wake.set()

    async def claim_forever(self) -> None:
        """Claim what is unclaimed, patiently. Ends only by an exception that nobody should go on after."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._broken is not None:
                raise self._broken
            if self._failures:
                await asyncio.sleep(min(_FIRST_DELAY * 2 ** (self._failures - 1), _LONGEST_DELAY))
            try:
                await self._claim(frozenset(self._unclaimed))
            except (*UNAVAILABLE, KafkaError) as error:
                self._failed("claim failed, trying again", self._unclaimed, error)

    async def _claim(self, partitions: frozenset[int]) -> None:
        positions = await self._checkpoints.read(partitions)
        known = [TopicPartition(self._topic, partition) for partition in positions]
        first, end = await self._consumer().beginning_offsets(known), await self._consumer().end_offsets(known)
        for partition in known:
            holding = positions[partition.partition]
            holding.check_reach(partition.partition, first[partition], end[partition])
            if partition.partition in self._unclaimed:  # a rebalance may have taken it while we asked
                self._consumer().seek(partition, holding.fetch_from)
                self._consumer().resume(partition)
                self.holdings[partition.partition] = holding
                self._unclaimed.discard(partition.partition)
        self.started |= self.ready
        log.info("claimed", partitions={partition: holding.next for partition, holding in positions.items()})

    async def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Project one poll's records, all partitions together. They are written once the poll before them is."""
        batch = self._admit(records)
        if not batch:
            return
        started = time.perf_counter()
        steps = steps_of(batch, self.holdings)
        held = {partition: self.holdings[partition] for partition in batch}
        judged = map(_told, records_of(batch, self._partitions))
        try:
            taken = await self._pipeline.take(judged, lambda folded: self._write(folded, batch, steps, held, started))
        except UNAVAILABLE as error:
            await self._unavailable(batch, error)
            return
        if not taken:
            self._let_go([partition for partition, holding in held.items() if self.holdings.get(partition) is holding])

    async def _write(
        self, folded: Folded, batch: Batch, steps: Mapping[int, Step], held: Mapping[int, Holding], started: float
    ) -> None:
        try:
            changes = await self._read_models.write(folded, steps)
        except Fenced as error:
            self._metrics.fenced.inc()
            self._failed("fenced off", batch, error)
        except UNAVAILABLE as error:
            await self._unavailable(batch, error)
        except Exception as error:  # nobody may be waiting for this task
            self._broken = error
            self._wake.set()
            raise
        else:
            for partition, holding in held.items():  # by identity: those let go meanwhile are nobody's any more
                holding.written, holding.seen_until = steps[partition].next, batch[partition][-1].timestamp
            self._done(batch, changes, time.perf_counter() - started)
            if changes is not folded.changes:
                self._let_go(batch)

    async def _unavailable(self, batch: Batch, error: BaseException) -> None:
        self._metrics.database_errors.inc()
        self._failed("batch not written, or not known to be", batch, error)
        await self._checkpoints.renew_connections()

    async def drain(self) -> None:
        """Let the batch that is being written end."""
        await self._pipeline.drain()

    def _admit(self, records: Sequence[ConsumerRecord]) -> Batch:
        batch: Batch = {}
        for partition, group in groupby(records, key=attrgetter("partition")):
            admitted = self.holdings.admit(partition, list(group))
            if admitted is None:
                log.warning("records from an unexpected offset, claiming anew", partition=partition)
                self._let_go({partition})
            elif admitted:
                batch[partition] = admitted
        return batch

    def _failed(self, what: str, partitions: Collection[int], error: BaseException) -> None:
        self._failures += 1
        if isinstance(error, UNAVAILABLE):
            self._progress.waiting()
        log.warning(what, partitions=sorted(partitions), error=repr(error), failures=self._failures)
        self._let_go(partitions)

    def _done(self, batch: Batch, changes: Changes, seconds: float) -> None:
        self._failures = 0
        self._progress.advanced()
        oldest = [records[0].timestamp for records in batch.values()]
        records = sum(map(len, batch.values()))
        self._metrics.committed(changes, oldest, records, seconds)
        if self._traces is not None:
            self._traces.committed(changes, records, seconds)
        for letter in changes.dead_letters:
            log.error("quarantined", order_id=letter.envelope.order_id, partition=letter.record.partition,
                      offset=letter.record.offset, reason=letter.reason,
                      **traced(letter.envelope.traceparent))  # fmt: skip


def _told(record: LogRecord) -> LogRecord:
    if isinstance(record.content, Malformed):
        log.warning("malformed record", partition=record.partition, offset=record.offset, reason=record.content.reason)
    return record
