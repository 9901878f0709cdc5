"""Stands before the consumer: a record that aiokafka cannot decode becomes one that is rejected, instead of the end.

aiokafka reads a header's name as UTF-8 in its fetcher and raises; the exception names no record, comes again on every
fetch, and takes with it what other partitions had ready. No producer of ours writes such a name.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from projector.holdings import Holdings

log = structlog.get_logger(__name__)

_ALONE_MS = 500
Polled = Mapping[TopicPartition, list[ConsumerRecord]]


class Guard:
    """Puts itself in the place of a consumer's `getmany`; what has been projected, `holdings`, says where to go on."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, holdings: Holdings) -> None:
        self._consumer, self._topic, self._holdings = consumer, topic, holdings
        self._getmany = consumer.getmany
        consumer.getmany = self.getmany

    async def getmany(self, **how: Any) -> Polled:
        """Poll; where that raises, give one record, of one partition, readable or not."""
        try:
            polled: Polled = await self._getmany(**how)
        except UnicodeDecodeError:
            return await self._one()
        return polled

    async def _one(self) -> Polled:
        standing = {TopicPartition(self._topic, number): held.fetch_from for number, held in self._holdings.items()}
        for partition, offset in standing.items():
            self._consumer.seek(partition, offset)
        for partition, offset in standing.items():
            if (self._consumer.highwater(partition) or 0) <= offset:
                continue
            try:
                found: Polled = await self._getmany(partition, timeout_ms=_ALONE_MS, max_records=1)
            except UnicodeDecodeError:
                log.warning("a record that can't be read", partition=partition.partition, offset=offset)
                self._consumer.seek(partition, offset + 1)
                return {partition: [_nothing(partition, offset)]}
            if found:
                return found
        return {}


def _nothing(partition: TopicPartition, offset: int) -> ConsumerRecord:
    """Give a record without key and value: malformed, and always the same, so that its digest is found again."""
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=None,
        value=None,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=-1,
        headers=(),
    )
