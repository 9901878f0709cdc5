"""Watches how far the positions are behind the log's true end, asked of the brokers and not of the fetcher."""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from projector.holdings import Holdings
from projector.metrics import Metrics
from projector.progress import Progress

log = structlog.get_logger(__name__)


async def watch_lag(
    *,
    consumer: Callable[[], AIOKafkaConsumer],
    topic: str,
    holdings: Holdings,
    progress: Progress,
    metrics: Metrics,
    every_seconds: float = 2.0,
) -> None:
    """Observe the lag until cancelled. A broker that does not answer is no observation."""
    while True:
        try:
            waiting = await _waiting(consumer(), topic, holdings)
        except (KafkaError, TimeoutError) as error:
            log.warning("the log's end could not be learned", error=repr(error))
        else:
            lag = sum(waiting.values())
            metrics.lag_records.set(lag)
            metrics.lag_seconds.set(_oldest_seconds(waiting, holdings))
            if len(waiting) == len(consumer().assignment()):  # what is not held yet has a lag that nobody knows
                progress.observed(lag)
        await asyncio.sleep(every_seconds)


async def _waiting(consumer: AIOKafkaConsumer, topic: str, holdings: Holdings) -> dict[int, int]:
    held = [TopicPartition(topic, partition) for partition in holdings]
    async with asyncio.timeout(5):
        ends = await consumer.end_offsets(held) if held else {}
    return {
        tp.partition: max(0, end - holdings[tp.partition].written)
        for tp, end in ends.items()
        if tp.partition in holdings
    }


def _oldest_seconds(waiting: Mapping[int, int], holdings: Holdings) -> float:
    """How far behind, by the log's clock, the partition is that is furthest behind."""
    behind = [holdings[partition].seen_until for partition, records in waiting.items() if records]
    return max((time.time() - seen / 1000 for seen in behind if seen is not None), default=0.0)
