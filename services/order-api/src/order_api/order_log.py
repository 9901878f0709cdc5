"""The log as order-api uses it: append, then learn what won, when all that stands before is known (decision 14).

Invariants: each offset of a partition is judged once, in log order, and what is accepted goes into the book then. What
stands there is known from the tail or, of one's own records, from the broker's word: the first to come is taken.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from order_api.appender import Appends
from order_api.booked import BookedEvent, booked
from order_api.boot import Start
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.reading import Reading
from order_api.rows import StoredOrder
from order_api.schedule import Schedule
from order_api.waiters import NOT_KNOWN, Outcome, Together, Waiter, Waiters
from order_api.written import Proposal, Written, write
from order_contracts.arbiter import NOT_AFTER_MS, Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.positions import Position
from order_contracts.wire import Envelope, Malformed, read_record

_ASK_AGAIN_SECONDS = 0.5


class OutcomeUnknown(Exception):
    """The broker can't be asked how far the log goes."""


class OrderLog:
    """Appends events and takes in the whole topic. Times are milliseconds since 1970.

    `asker` has a connection of its own: on the tail's, a question waits behind a fetch that waits for records (500 ms).
    """

    def __init__(
        self,
        *,
        book: OrderBook,
        metrics: Metrics,
        appender: Appends,
        asker: AIOKafkaConsumer,
        topic: str,
        epoch: str,
        start: Start,
        schedule: Schedule | None = None,
        not_after_ms: int = NOT_AFTER_MS,
    ) -> None:
        self._book, self._metrics, self._not_after_ms = book, metrics, not_after_ms
        self._appender, self._asker, self._topic, self._epoch = appender, asker, topic, epoch
        self._schedule = schedule
        self._waiters, self._tail_is_needed = Waiters(), asyncio.Event()
        self._judged_own: set[int] = set()
        self._partitions = {
            number: Reading(Arbiter(complete=number in start.complete, settled=start.settled), offset)
            for number, offset in start.offsets.items()
        }
        for number, order_id, event_id, version, appended_at in book.heads():
            self._partitions[number].arbiter.seed(order_id, event_id, version, appended_at)

    def position_after(self, event: BookedEvent) -> Position:
        """Give the position that has seen an event."""
        return Position(self._epoch, {event.partition: event.next})

    def position_at(self, venue_id: str) -> Position:
        """Give the position up to which the book holds a venue's events. Nothing may be awaited beside reading it."""
        number = self.partition_of(venue_id)
        return Position(self._epoch, {number: self._partitions[number].next})

    async def append(self, proposals: Sequence[Proposal], *, now: int, seconds: float | None = None) -> list[Outcome]:
        """Append events of different orders, and give what became of each, in their order.

        Without `seconds` it has to be bound by a timeout; with them, those that are still open then are unknown.
        """
        if not proposals:
            return []
        together, not_after = Together(len(proposals)), now + self._not_after_ms
        written = [write(one, self.partition_of(one.event.venue_id), not_after) for one in proposals]
        waiting = [
            Waiter(one.proposal.event.id, one.proposal.event.parent, partial(self._stands, one), together)
            for one in written
        ]
        with self._waiters.waiting(waiting), self._metrics.append_seconds.time():
            for one, waiter in zip(written, waiting, strict=True):
                self._appender.append(one.record, waiter)
            if seconds is None:
                await together.all_over
            else:
                await asyncio.wait([together.all_over], timeout=seconds)
        return [waiter.outcome or NOT_KNOWN for waiter in waiting]

    async def catch_up(self, venue_id: str) -> None:
        """Wait until the book holds all that the venue's partition held when this was called; bound it by a timeout.

        Raises OutcomeUnknown when the broker can't be asked.
        """
        await self._catch_up([partition_of(venue_id, len(self._partitions))])

    async def catch_up_all(self) -> None:
        """Wait until the book holds all that the topic held when this was called, or when a broker first answered."""
        while True:
            with suppress(OutcomeUnknown):
                return await self._catch_up(self._partitions)
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def _catch_up(self, numbers: Iterable[int]) -> None:
        try:
            ends = await self._asker.end_offsets([TopicPartition(self._topic, number) for number in numbers])
        except KafkaError as error:
            raise OutcomeUnknown(str(error)) from error
        for tp, end in ends.items():
            self._learn_end(self._partitions[tp.partition], end)
        await asyncio.gather(*(self._partitions[tp.partition].passed(end) for tp, end in ends.items()))

    def partition_of(self, venue_id: str) -> int:
        """Say which partition holds a venue."""
        return partition_of(venue_id, len(self._partitions))

    def restore(self, venue_id: str, order_id: str, stored: StoredOrder) -> bool:
        """Put what the rows have of an order into the book; False when they are not as far as needed.

        Nothing is awaited between asking where the tail stands and taking it in: what comes later comes through it.
        """
        number = self.partition_of(venue_id)
        read_to = self._partitions[number].next
        return self._book.restore(order_id, venue_id, number, stored.events, rows_at=stored.rows_at, read_to=read_to)

    def next(self, number: int) -> int:
        """Give the offset that is to be taken next of a partition."""
        return self._partitions[number].next

    def pass_over(self, number: int) -> int:
        """Count a record that can't be read at all as malformed; give the offset after it."""
        self._metrics.records.labels("malformed").inc()
        self._partitions[number].next += 1
        return self._partitions[number].next

    def behind(self) -> int:
        """Give how many records the tail knows of and has not read."""
        return sum(max(0, partition.highwater - partition.next) for partition in self._partitions.values())

    def take(self, number: int, records: Iterable[ConsumerRecord], highwater: int) -> bool:
        """Take in what was read of a partition, and let those go on who waited for it; say whether it was news."""
        partition, place = self._partitions[number], (number, len(self._partitions))
        verdicts, news = dict.fromkeys(Verdict, 0), False
        for record in records:
            if record.offset < partition.next:
                continue
            envelope: Envelope | Malformed | None = partition.own.pop(record.offset, None)
            if envelope is None:
                news = True
                envelope = read_record(record.key, record.value, record.headers, record.timestamp, place)
            if isinstance(envelope, Malformed):
                self._metrics.records.labels("malformed").inc()
            else:
                verdicts[self._settle(partition, number, envelope, record.offset)] += 1
            partition.next = record.offset + 1
        self._metrics.count(verdicts)
        partition.learn_end(max(partition.next, highwater))
        self._judge_own(partition, number)
        partition.let_pass()
        return news

    def judged_own(self) -> dict[int, int]:
        """Give, of the partitions that got own records since this was asked last, the offset to be judged next."""
        judged, self._judged_own = self._judged_own, set()
        return {number: self._partitions[number].next for number in judged}

    def _stands(self, written: Written, offset: int, appended_at: int | None) -> None:
        """Take the broker's word on where one's own record stands: from here on it is known as if it had been read."""
        number = written.record.partition
        partition = self._partitions[number]
        if offset >= partition.next and appended_at is not None:
            envelope = written.as_read(appended_at)
            if envelope is not None:
                partition.own[offset] = envelope
                self._judged_own.add(number)
                self._judge_own(partition, number)
                partition.let_pass()
        self._learn_end(partition, offset + 1)

    def _learn_end(self, partition: Reading, offset: int) -> None:
        partition.learn_end(offset)
        if partition.next < offset:
            self._tail_is_needed.set()

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until something is known to stand in the log that the tail alone can tell of."""
        self._tail_is_needed.clear()
        timer = asyncio.get_running_loop().call_later(seconds, self._tail_is_needed.set)
        try:
            await self._tail_is_needed.wait()
        finally:
            timer.cancel()

    def _judge_own(self, partition: Reading, number: int) -> None:
        """Judge one's own records as far as nothing unknown stands before them."""
        while (envelope := partition.own.pop(partition.next, None)) is not None:
            self._metrics.count({self._settle(partition, number, envelope, partition.next): 1})
            partition.next += 1

    def _settle(self, partition: Reading, number: int, envelope: Envelope, offset: int) -> Verdict:
        verdict = partition.arbiter.judge(envelope)
        if verdict is Verdict.ACCEPTED:
            self._book.apply(envelope, number, offset)
            if self._schedule is not None:
                self._schedule.hear(envelope)
        if envelope.id in self._waiters:
            if verdict is Verdict.ACCEPTED:
                standing: BookedEvent | None = booked(envelope, number, offset)
            else:  # it may be a repetition of one that stands
                standing = self._book.event(envelope.order_id, envelope.id)
            self._waiters.settle(envelope.id, envelope.parent, standing)
        return verdict

    def forget_before(self, moment: int) -> None:
        """Drop orders and heads whose last event is older than `moment`."""
        self._book.forget_before(moment)
        self._metrics.orders.set(len(self._book))
        for partition in self._partitions.values():
            partition.arbiter.forget_before(moment)
