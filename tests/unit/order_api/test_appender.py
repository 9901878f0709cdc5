"""Which records go together, who hears of them, FastStream's private name, and the counts that it would keep."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from infra.eventually import eventually
from order_api.appender import Appender, Record


class Producer:
    """aiokafka's producer, as far as FastStream and an append look at it. It builds a batch when told to drain."""

    def __init__(self, most_bytes: int = 10_000) -> None:
        self.batches: list[tuple[BatchBuilder, int]] = []
        self.words: list[asyncio.Future[Any]] = []
        self.most_bytes = most_bytes
        self.fault: Exception | None = None
        self.turns: asyncio.Semaphore | None = None  # how many batches it takes at the moment; None for any

    async def start(self) -> None:
        return

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.most_bytes, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        assert topic == "orders"
        if self.fault is not None:
            raise self.fault
        self.batches.append((batch, partition))
        if self.turns is not None:
            await self.turns.acquire()
        self.words.append(asyncio.get_running_loop().create_future())
        return self.words[-1]

    def sizes(self) -> list[int]:
        return [batch.record_count() for batch, _ in self.batches]


class Word:
    """Somebody who handed a record over."""

    def __init__(self) -> None:
        self.over, self.heard = False, []

    def appended(self, offset: int, appended_at: int | None) -> None:
        self.heard.append(offset)
        self.appended_at = appended_at

    def failed(self, error: Exception) -> None:
        self.heard.append(type(error).__name__)


class Bench:
    def __init__(self, producer: Producer, ours: Appender, registry: CollectorRegistry) -> None:
        self.producer, self.ours, self.registry = producer, ours, registry

    def append(self, count: int = 1, *, partition: int = 3, size: int = 10) -> list[Word]:
        words = [Word() for _ in range(count)]
        for word in words:
            self.ours.append(Record(partition, b"v1", b"x" * size, [("ce_id", b"e")]), word)
        return words

    async def batches(self, count: int) -> list[int]:
        await eventually(lambda: len(self.producer.batches) == count)
        return self.producer.sizes()

    def published(self, status: str) -> float | None:
        where = {"app_name": "order-api", "broker": "kafka", "destination": "orders", "status": status}
        return self.registry.get_sample_value("faststream_published_messages_total", where)


@asynccontextmanager
async def appending(producer: Producer) -> AsyncIterator[Bench]:
    broker, registry = KafkaBroker(), CollectorRegistry()
    fake: Any = producer
    await broker.config.producer.connect(fake, None)  # as its start does
    ours = Appender(broker, "orders", registry)
    running = asyncio.create_task(ours.run())
    try:
        yield Bench(producer, ours, registry)
    finally:
        running.cancel()
        await asyncio.wait([running])


def at(offset: int, timestamp: int = 7, timestamp_type: int = 1) -> Any:
    return SimpleNamespace(offset=offset, timestamp=timestamp, timestamp_type=timestamp_type)


async def test_what_is_handed_over_at_once_goes_together_to_the_producer_that_faststream_started() -> None:
    async with appending(Producer()) as bench:
        words, elsewhere = bench.append(3), bench.append(partition=1)
        assert await bench.batches(2) == [3, 1]
        bench.producer.words[0].set_result(at(40))
        await eventually(lambda: [word.heard for word in words] == [[40], [41], [42]])
        assert elsewhere[0].heard == []
        assert (bench.published("success"), bench.published("error")) == (3, 0)


@pytest.mark.parametrize(("timestamp_type", "told"), [(1, 1_234), (0, None)])
async def test_when_a_record_was_appended_is_told_if_the_log_itself_said_so(
    timestamp_type: int, told: int | None
) -> None:
    async with appending(Producer()) as bench:
        (word,) = bench.append()
        await bench.batches(1)
        bench.producer.words[0].set_result(at(40, 1_234, timestamp_type))
        await eventually(lambda: word.heard == [40])
        assert word.appended_at == told


async def test_what_comes_before_the_broker_takes_a_batch_goes_with_it_and_later_ones_with_the_next() -> None:
    async with appending(Producer()) as bench:
        bench.append()
        await bench.batches(1)
        (joined,) = bench.append()
        bench.producer.batches[0][0].close()  # as aiokafka does when it builds it
        late = bench.append(2)
        await asyncio.sleep(0)
        assert bench.producer.sizes() == [2]
        bench.producer.words[0].set_result(at(7))
        assert await bench.batches(2) == [2, 2]
        assert joined.heard == [8]
        bench.producer.words[1].set_result(at(9))
        await eventually(lambda: [word.heard for word in late] == [[9], [10]])


async def test_what_is_too_much_for_a_batch_goes_with_the_next_and_a_record_that_is_alone() -> None:
    async with appending(Producer(most_bytes=1_000)) as bench:
        words = [*bench.append(2, size=400), *bench.append(size=5_000), *bench.append(size=400)]
        for number in range(3):
            sizes = await bench.batches(number + 1)
            bench.producer.words[number].set_result(at(sum(sizes[:-1])))
        await eventually(lambda: [word.heard for word in words] == [[0], [1], [2], [3]])
        assert bench.producer.sizes() == [2, 1, 1]


async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    async with appending(Producer()) as bench:
        bench.append()
        await bench.batches(1)
        bench.producer.batches[0][0].close()
        given_up, (wanted,) = bench.append(2), bench.append()
        for word in given_up:
            word.over = True
        bench.producer.words[0].set_exception(KafkaTimeoutError())
        assert await bench.batches(2) == [1, 1]
        bench.producer.words[1].set_result(at(5))
        await eventually(lambda: wanted.heard == [5])
        assert [word.heard for word in given_up] == [[], []]


async def test_what_the_broker_refuses_is_told_to_all_and_counted_and_the_next_goes_out() -> None:
    async with appending(Producer()) as bench:
        words = bench.append(2)
        await bench.batches(1)
        bench.producer.words[0].set_exception(KafkaTimeoutError())
        await eventually(lambda: [word.heard for word in words] == [["KafkaTimeoutError"]] * 2)
        assert (bench.published("success"), bench.published("error")) == (0, 2)
        bench.append()
        assert await bench.batches(2) == [2, 1]


@pytest.mark.parametrize("fault", [KafkaTimeoutError(), AssertionError("Unrecognized partition")])
async def test_what_the_producer_does_not_take_is_told(fault: Exception) -> None:
    async with appending(Producer()) as bench:
        bench.producer.fault = fault
        (word,) = bench.append()
        await eventually(lambda: word.heard == [type(fault).__name__])
        bench.producer.fault = None
        bench.append()
        assert await bench.batches(1) == [1]


async def test_a_partition_that_is_woken_twice_has_one_batch_in_flight() -> None:
    async with appending(Producer()) as bench:
        bench.producer.turns = asyncio.Semaphore(0)
        bench.append(partition=1)
        bench.append(partition=2)
        await bench.batches(1)  # the other one is about to go, and is woken once more
        bench.append(partition=2)
        bench.producer.turns.release()
        assert await bench.batches(2) == [1, 2]
        bench.producer.batches[1][0].close()
        bench.append(partition=2)
        bench.append(partition=3)
        bench.producer.turns.release()
        bench.producer.turns.release()
        assert await bench.batches(3) == [1, 2, 1]
        assert [partition for _, partition in bench.producer.batches] == [1, 2, 3]
        bench.producer.turns.release()
        bench.producer.words[1].set_result(at(0))
        assert await bench.batches(4) == [1, 2, 1, 1]
