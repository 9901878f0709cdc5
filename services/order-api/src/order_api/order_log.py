"""The log as order-api uses it: append, then learn from one's own tail what won (Schema Registry's KafkaStore does so).

Invariant: the tail alone feeds the book, in log order.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from order_api.appender import Appends, Sent
from order_api.booked import BookedEvent, booked
from order_api.boot import Start
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.rows import StoredOrder
from order_api.waiters import Outcome, Waiters
from order_contracts.arbiter import NOT_AFTER_MS, Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.events import Event
from order_contracts.positions import Position
from order_contracts.wire import Envelope, Malformed, read_record, write_record

_ASK_AGAIN_SECONDS = 0.5


class Lost(Exception):
    """Another writer's event extended the same parent first: decide again."""


class OutcomeUnknown(Exception):
    """The log did not take it as it should: the event may stand or not. Sending it again with the same id is safe."""


@dataclass(slots=True)
class _Partition:
    arbiter: Arbiter
    next: int
    highwater: int = 0
    passing: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)

    def learn_end(self, offset: int) -> None:
        """Note how far the log is known to go, by whatever way: a tail that stands still must not look up to date."""
        self.highwater = max(self.highwater, offset)


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
        not_after_ms: int = NOT_AFTER_MS,
    ) -> None:
        self._book, self._metrics, self._not_after_ms = book, metrics, not_after_ms
        self._appender, self._asker, self._topic, self._epoch = appender, asker, topic, epoch
        self._waiters = Waiters()
        self._partitions = {
            number: _Partition(Arbiter(complete=number in start.complete, settled=start.settled), offset)
            for number, offset in start.offsets.items()
        }
        for order_id, head in book.heads():
            self._partitions[head.partition].arbiter.seed(order_id, head.id, head.version, head.appended_at)

    def position_after(self, event: BookedEvent) -> Position:
        """Give the position that has seen an event."""
        return Position(self._epoch, {event.partition: event.next})

    def position_at(self, venue_id: str) -> Position:
        """Give the position up to which the book holds a venue's events. Nothing may be awaited beside reading it."""
        number = partition_of(venue_id, len(self._partitions))
        return Position(self._epoch, {number: self._partitions[number].next})

    async def append(
        self, event: Event, *, stations: tuple[str, ...], fingerprint: str, now: int
    ) -> tuple[BookedEvent, bool]:
        """Append an event and give it as the log accepted it, and whether it stood there before, by another's record.

        Raises Lost or OutcomeUnknown; bound it by a timeout.
        """
        key, value, headers = write_record(
            event, stations=stations, not_after=now + self._not_after_ms, fingerprint=fingerprint
        )
        number = partition_of(event.venue_id, len(self._partitions))
        with self._waiters.waiting(event.id, event.parent) as outcome, self._metrics.append_seconds.time():
            try:
                sent = await self._appender.send(number, key, value, headers)
            except KafkaError as error:
                raise OutcomeUnknown(str(error)) from error
            sent.add_done_callback(partial(self._acknowledged, number, outcome))
            standing = await outcome
            if standing is None:
                raise Lost
            with suppress(KafkaError):  # it stands, whatever became of this copy
                return standing, (await sent).offset >= standing.next
        return standing, False

    def _acknowledged(self, number: int, outcome: Outcome, sent: Sent) -> None:
        """Note the broker's word: a failure ends the wait, the tail alone says what an append came to."""
        if sent.cancelled():
            return
        error = sent.exception()
        if error is None:
            self._partitions[number].learn_end(sent.result().offset + 1)
        elif not outcome.done():
            unknown = OutcomeUnknown(str(error))
            unknown.__cause__ = error
            outcome.set_exception(unknown)

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
            self._partitions[tp.partition].learn_end(end)
        await asyncio.gather(*(self._passed(self._partitions[tp.partition], end) for tp, end in ends.items()))

    async def _passed(self, partition: _Partition, offset: int) -> None:
        if partition.next < offset:
            passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            partition.passing.append((offset, passed))
            await passed

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

    def take(self, number: int, records: Iterable[ConsumerRecord], highwater: int) -> None:
        """Take in what was read of a partition, and let those go on who waited for it."""
        partition, place = self._partitions[number], (number, len(self._partitions))
        verdicts = dict.fromkeys(Verdict, 0)
        for record in records:
            envelope = read_record(record.key, record.value, record.headers, record.timestamp, place)
            if isinstance(envelope, Malformed):
                self._metrics.records.labels("malformed").inc()
            else:
                verdicts[self._settle(partition, number, envelope, record.offset)] += 1
            partition.next = record.offset + 1
        self._metrics.count(verdicts)
        partition.learn_end(max(partition.next, highwater))
        waiting, partition.passing = partition.passing, []
        for offset, passed in waiting:
            if partition.next < offset:
                partition.passing.append((offset, passed))
            elif not passed.done():
                passed.set_result(None)

    def _settle(self, partition: _Partition, number: int, envelope: Envelope, offset: int) -> Verdict:
        verdict = partition.arbiter.judge(envelope)
        if verdict is Verdict.ACCEPTED:
            self._book.apply(envelope, number, offset)
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
