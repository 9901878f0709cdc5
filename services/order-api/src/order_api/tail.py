"""The reading loop: from Kafka into the order log, without end, and whether it still turns."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from order_api.order_log import OrderLog

_log = structlog.get_logger()
_POLL_MS = 500
_REST_SECONDS = 0.005
_REST_ALONE_SECONDS = 0.05  # under the 0.1 after which aiokafka fetches again although nobody reads
_ALONE_AFTER_SECONDS = 1.0
_FORGET_EVERY_SECONDS = 60.0


class Tail:
    """Reads all partitions. It ends by raising only: its process ends with it, and boots again."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        log: OrderLog,
        *,
        window: timedelta,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._consumer, self._log, self._window, self._clock = consumer, log, window, clock
        self._behind_since: float | None = None
        self.last_turn = self._news_at = clock()

    async def run(self) -> None:
        """Read until cancelled."""
        forget_at = self._clock()
        while True:
            try:
                await self._read()
            except UnicodeDecodeError:
                await self._step_over()
            self._note_turn()
            if not self._log.behind():
                await self._rest()
            if self._clock() >= forget_at:
                forget_at = self._clock() + _FORGET_EVERY_SECONDS
                self._log.forget_before(int((datetime.now(UTC) - self._window).timestamp() * 1000))

    async def _read(self, *partitions: TopicPartition, most: int | None = None) -> bool:
        batches = await self._consumer.getmany(*partitions, timeout_ms=_POLL_MS, max_records=most)
        for topic_partition, records in batches.items():
            if self._log.take(topic_partition.partition, records, self._highwater(topic_partition)):
                self._news_at = self._clock()
        return bool(batches)

    async def _rest(self) -> None:
        """Leave the log alone for a while; where nobody else writes, for longer, and one's own records unread then."""
        if self._clock() - self._news_at < _ALONE_AFTER_SECONDS:
            await self._log.rest(_REST_SECONDS)
            return
        await self._log.rest(_REST_ALONE_SECONDS)
        if not self._log.behind():
            judged = self._log.judged_own()
            for topic_partition in self._consumer.assignment():
                if topic_partition.partition in judged:
                    self._consumer.seek(topic_partition, judged[topic_partition.partition])

    async def _step_over(self) -> None:
        """Get past a record with a header name that is not UTF-8: aiokafka raises in its fetcher, and names no record.

        All partitions go back to what was taken last; those with more are read record by record up to the bad one.
        Such a record can't be ours: FastStream writes names from texts.
        """
        partitions = self._consumer.assignment()
        for topic_partition in partitions:
            self._consumer.seek(topic_partition, self._log.next(topic_partition.partition))
        for topic_partition in partitions:
            number = topic_partition.partition
            try:
                while self._log.next(number) < self._highwater(topic_partition):
                    if not await self._read(topic_partition, most=1):
                        break
            except UnicodeDecodeError:
                _log.warning("a record's header name is not UTF-8: passed over", partition=number)
                self._consumer.seek(topic_partition, self._log.pass_over(number))

    def _highwater(self, topic_partition: TopicPartition) -> int:
        return self._consumer.highwater(topic_partition) or 0

    def _note_turn(self) -> None:
        self.last_turn = self._clock()
        if not self._log.behind():
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = self.last_turn

    def lag(self) -> float:
        """Give for how many seconds the book has been behind what this replica knows of the log."""
        return 0.0 if self._behind_since is None else self._clock() - self._behind_since

    def stuck(self) -> float:
        """Give for how many seconds the loop has not turned; a quiet log turns it too."""
        return self._clock() - self.last_turn
