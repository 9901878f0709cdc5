"""The append itself: records of a partition go to the broker together, one batch of theirs in flight at a time.

FastStream configures, starts and stops the producer; its publish and aiokafka's own send cost more CPU a record than
all that Kafka's protocol needs (decision 8). What FastStream's Prometheus middleware counts is counted here, in its own
metrics. Invariant: whoever hands a record over hears of it once, unless nobody wants it any more.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker
from faststream.prometheus.container import MetricsContainer
from msgspec import Struct
from prometheus_client import CollectorRegistry

_LOG_APPEND_TIME = 1


class Appending(Protocol):
    """Who hands a record over."""

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: what has not been sent then is not."""
        ...

    def appended(self, offset: int, appended_at: int | None) -> None:
        """Hear where the record stands, and when the broker took it, as every reader will see; None: readers know."""
        ...

    def failed(self, error: Exception) -> None:
        """Hear that the broker did not take it as it should: it may stand or not."""
        ...


class Record(Struct, frozen=True):
    """A record as Kafka holds it, and the partition that it goes to."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Appends(Protocol):
    """What the order log appends with."""

    def append(self, record: Record, by: Appending) -> None:
        """Hand a record over."""
        ...


@dataclass(slots=True, eq=False)
class _Batch:
    """Records that go together. It takes more until aiokafka has built it, which is when the broker can take it."""

    builder: Any
    began: float
    by: list[Appending] = field(default_factory=list)

    def add(self, record: Record, by: Appending) -> bool:
        added = self.builder.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
        if added is not None:
            self.by.append(by)
        return added is not None


@dataclass(slots=True, eq=False)
class _Lane:
    partition: int
    batch: _Batch | None = None
    waiting: list[tuple[Record, Appending]] = field(default_factory=list)


class Appender:
    """Appends to one topic through a broker that has been started; `run` must run for anything to go out."""

    def __init__(self, broker: KafkaBroker, topic: str, registry: CollectorRegistry) -> None:
        self._producer, self._topic = _producer_of(broker), topic
        self._lanes: dict[int, _Lane] = {}
        self._ready: list[_Lane] = []
        self._awake = asyncio.Event()
        metrics = MetricsContainer(registry, custom_label_names=())
        where = {"app_name": "order-api", "broker": "kafka", "destination": topic}
        self._published = {
            status: metrics.published_messages_total.labels(**where, status=status) for status in ("success", "error")
        }
        self._seconds = metrics.published_messages_duration_seconds.labels(**where)
        self._exceptions, self._where = metrics.published_messages_exceptions_total, where

    def append(self, record: Record, by: Appending) -> None:
        """Hand a record over: into the batch that waits for the broker, or behind the one that it is taking."""
        lane = self._lanes.get(record.partition)
        if lane is None:
            lane = self._lanes[record.partition] = _Lane(record.partition)
        if lane.batch is None or not lane.batch.add(record, by):
            lane.waiting.append((record, by))
            self._wake(lane)

    async def run(self) -> None:
        """Hand batches over to the producer, until cancelled."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            ready, self._ready = self._ready, []
            for lane in ready:
                await self._send(lane)

    def _wake(self, lane: _Lane) -> None:
        if lane.batch is None and lane not in self._ready:
            self._ready.append(lane)
            self._awake.set()

    async def _send(self, lane: _Lane) -> None:
        if lane.batch is not None:
            return  # it was woken twice; what waits goes when that one is over
        wanted = [(record, by) for record, by in lane.waiting if not by.over]
        if not wanted:
            lane.waiting.clear()
            return
        batch = lane.batch = _Batch(self._producer.create_batch(), perf_counter())
        taken = next((number for number, one in enumerate(wanted) if not batch.add(*one)), len(wanted))
        lane.waiting = wanted[taken:]
        try:
            sent = await self._producer.send_batch(batch.builder, self._topic, partition=lane.partition)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait have to hear of it
            self._over(lane, batch, error)
        else:
            sent.add_done_callback(partial(self._word, lane, batch))

    def _word(self, lane: _Lane, batch: _Batch, sent: "asyncio.Future[Any]") -> None:
        """Take the broker's word on a batch."""
        error = asyncio.CancelledError() if sent.cancelled() else sent.exception()
        if error is None:
            self._seconds.observe(perf_counter() - batch.began)
            self._published["success"].inc(len(batch.by))
            placed = sent.result()  # of the first record: the broker takes a batch whole, at one moment
            appended_at = placed.timestamp if placed.timestamp_type == _LOG_APPEND_TIME else None
            for offset, by in enumerate(batch.by, placed.offset):
                by.appended(offset, appended_at)
            self._next(lane)
        else:
            self._over(lane, batch, error)

    def _over(self, lane: _Lane, batch: _Batch, error: BaseException) -> None:
        failure = error if isinstance(error, Exception) else ConnectionError("the producer was stopped")
        self._published["error"].inc(len(batch.by))
        self._exceptions.labels(**self._where, exception_type=type(error).__name__).inc(len(batch.by))
        for by in batch.by:
            by.failed(failure)
        self._next(lane)

    def _next(self, lane: _Lane) -> None:
        lane.batch = None
        if lane.waiting:
            self._wake(lane)


def _producer_of(broker: KafkaBroker) -> AIOKafkaProducer:
    """Take FastStream's producer out of its wrapper, which documents no way to it; tests/unit say when it moves."""
    wrapped: Any = broker.config.producer
    return wrapped._producer.producer  # noqa: SLF001
