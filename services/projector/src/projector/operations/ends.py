"""Where the log begins and ends, partition by partition, asked of the brokers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from projector.operations.refusal import Refusal
from projector.settings import LogSettings


class LogEnds:
    """One connection that asks."""

    def __init__(self, consumer: AIOKafkaConsumer, settings: LogSettings) -> None:
        self._consumer, self._topic = consumer, settings.orders_topic
        self._partitions = [TopicPartition(settings.orders_topic, p) for p in range(settings.orders_partitions)]

    async def ends(self) -> dict[int, int]:
        """Give the offset after the last record, by partition."""
        return {where.partition: end for where, end in (await self._consumer.end_offsets(self._partitions)).items()}

    async def check_beginning(self) -> None:
        """Raise Refusal unless the log is there from its first record on."""
        begun = await self._consumer.beginning_offsets(self._partitions)
        gone = {where.partition: first for where, first in begun.items() if first}
        if gone:
            raise Refusal(
                f"the log's first records were deleted (partition: first offset left: {gone}): rows made of the rest "
                "would be others. Bring the records back from a backup, or keep the rows that there are"
            )

    async def appended_at(self, positions: Mapping[int, int]) -> dict[int, int]:
        """Give the append time (ms since 1970) of the record at each of these positions."""
        found: dict[int, int] = {}
        for partition, offset in positions.items():
            where = TopicPartition(self._topic, partition)
            self._consumer.assign([where])
            self._consumer.seek(where, offset)
            try:
                polled = await self._consumer.getmany(where, timeout_ms=3000, max_records=1)
            except UnicodeDecodeError:  # a header's name that is no text, see unreadable.py
                continue
            found |= {where.partition: records[0].timestamp for where, records in polled.items()}
        return found


@asynccontextmanager
async def log_ends(settings: LogSettings) -> AsyncIterator[LogEnds]:
    """Connect to Kafka for questions."""
    consumer = AIOKafkaConsumer(
        **settings.kafka_access(),
        enable_auto_commit=False,
        auto_offset_reset="none",
    )
    await consumer.start()
    try:
        every = [TopicPartition(settings.orders_topic, p) for p in range(settings.orders_partitions)]
        consumer.assign(every)  # that it knows their leaders
        consumer.pause(*every)
        yield LogEnds(consumer, settings)
    finally:
        await consumer.stop()
