"""The feed: every partition of the log, read without a group, each record judged and the accepted ones passed on.

What must not break: nothing is skipped but what cannot be decoded, and the feed never dies quietly. It ends only by
raising, and the process with it, to start again from the log.
"""

import asyncio
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from notifier.metrics import Metrics
from notifier.partition_log import Fate, PartitionLog, Reading, Start
from order_contracts.wire import Envelope

_log = structlog.get_logger()
_POLL_MS = 500
_SLICE = 500  # records between two turns of the event loop


class Sink(Protocol):
    """Where judged records go, in log order within a partition."""

    def accepted(self, partition: int, offset: int, event: Envelope) -> None:
        """Take in an event that is to be shown."""

    def passed_over(self, partition: int, offset: int, *, settled: bool) -> None:
        """Take note of a record that is not shown."""


class OrderFeed:
    """Reads from the given starts on.

    Invariant: `_next` is what the sink was given last in each partition, plus one; whatever happens to a fetch,
    reading goes on there.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        *,
        topic: str,
        starts: dict[int, Start],
        remember_ms: int,
        sink: Sink,
        metrics: Metrics,
    ) -> None:
        self._consumer, self._sink, self._metrics = consumer, sink, metrics
        self._partitions = [TopicPartition(topic, number) for number in starts]
        self._logs = {
            number: PartitionLog(start, remember_ms=remember_ms, place=(number, len(starts)))
            for number, start in starts.items()
        }
        self._next = {number: start.offset for number, start in starts.items()}
        self._awaited = {number: start.end for number, start in starts.items() if start.offset < start.end}
        consumer.assign(self._partitions)
        self._seek()  # in the same turn of the loop, before the fetcher asks for a position that nobody gave it

    @property
    def caught_up(self) -> bool:
        """Whether all that was in the log at boot has been read."""
        return not self._awaited

    def behind(self) -> int:
        """Give how many records the log is known to hold that were not read yet."""
        ends = ((tp.partition, self._consumer.highwater(tp)) for tp in self._partitions)
        return sum(max(0, end - self._next[number]) for number, end in ends if end is not None)

    def heard_at(self) -> float | None:
        """Give when the log last answered for the partition that it was longest silent for (seconds since 1970)."""
        polled = [self._consumer.last_poll_timestamp(tp) for tp in self._partitions]
        return None if None in polled else min(polled) / 1000

    async def log_answers(self, seconds: float) -> bool:
        """Ask the log something else than records: if it answers while the feed hears nothing, the feed is stuck."""
        try:
            await asyncio.wait_for(self._consumer.end_offsets(self._partitions), seconds)
        except (TimeoutError, KafkaError):
            return False
        return True

    async def run(self) -> None:
        """Read until cancelled. Raises what aiokafka raises when the log has been cut short or taken away."""
        while True:
            try:
                fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_SLICE)
            except UnicodeDecodeError:
                await self._step_over()
                continue
            await self._take_all(fetched)
            await asyncio.sleep(0)  # getmany gives what it has without a turn of the loop

    def _seek(self) -> None:
        for topic_partition in self._partitions:
            self._consumer.seek(topic_partition, self._next[topic_partition.partition])

    def _take(self, partition: int, record: ConsumerRecord[Any, Any]) -> None:
        reading = self._logs[partition].read(record.offset, record.key, record.value, record.headers, record.timestamp)
        self._next[partition] = record.offset + 1
        self._pass_on(partition, record.offset, reading)

    def _pass_on(self, partition: int, offset: int, reading: Reading) -> None:
        self._metrics.record(reading)
        if reading.event is not None:
            self._sink.accepted(partition, offset, reading.event)
        else:
            self._sink.passed_over(partition, offset, settled=reading.fate is not Fate.UNSETTLED)

    async def _note_reached(self, topic_partition: TopicPartition) -> None:
        end = self._awaited.get(topic_partition.partition)
        # the consumer's position, not ours: it also counts control records, which nobody is given
        if end is not None and await self._consumer.position(topic_partition) >= end:
            del self._awaited[topic_partition.partition]

    async def _step_over(self) -> None:
        """Get past a record that aiokafka cannot decode: it reads a header's name as UTF-8 in its fetcher and raises.

        The exception takes everything that was fetched with it and does not name its partition. So all partitions go
        back to what was passed on last and are asked one by one; the bad one is then read record by record.
        A batch is decoded anew on every fetch: after a bad record, the rest of its batch cannot be read by aiokafka
        and is passed over with it. order-api's own producer cannot write such a name.
        """
        self._seek()
        for topic_partition in self._partitions:
            number = topic_partition.partition
            if (self._consumer.highwater(topic_partition) or 0) <= self._next[number]:
                continue
            try:
                await self._take_some(topic_partition, _SLICE)
            except UnicodeDecodeError:
                self._consumer.seek(topic_partition, self._next[number])
                await self._pass_bad_record(topic_partition)

    async def _pass_bad_record(self, topic_partition: TopicPartition) -> None:
        number = topic_partition.partition
        try:
            while await self._take_some(topic_partition, 1):
                pass
        except UnicodeDecodeError:
            offset = self._next[number]
            _log.warning("a record's header name is not UTF-8: passed over", partition=number, offset=offset)
            self._next[number] = offset + 1
            self._pass_on(number, offset, Reading(Fate.MALFORMED, reason="a header's name is not UTF-8"))
            self._consumer.seek(topic_partition, offset + 1)

    async def _take_some(self, topic_partition: TopicPartition, most: int) -> bool:
        fetched = await self._consumer.getmany(topic_partition, timeout_ms=_POLL_MS, max_records=most)
        await self._take_all(fetched)
        return bool(fetched)

    async def _take_all(self, fetched: dict[TopicPartition, list[ConsumerRecord[Any, Any]]]) -> None:
        for topic_partition, records in fetched.items():
            for record in records:
                self._take(topic_partition.partition, record)
            await self._note_reached(topic_partition)
