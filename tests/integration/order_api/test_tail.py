"""The tail beside another who writes: what it does not read is known, and nothing of theirs is missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from infra.plain_events import event
from infra.services import Backing
from order_api.appender import Appender
from order_api.boot import Start
from order_api.fetch_sessions import fetch_in_sessions
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_log import OrderLog
from order_api.tail import Tail
from order_api.waiters import Accepted, Lost, Unknown
from order_api.written import Proposal

PARTITIONS, VENUES, ORDERS = 4, 5, 8


class Replica:
    """What of order-api writes and reads. Its clock jumps: it always thinks that nobody else has written for long."""

    def __init__(self, log: OrderLog, book: OrderBook, seeks: list[int]) -> None:
        self.log, self.book, self.seeks = log, book, seeks

    async def write(self, name: str, number: int) -> type[Accepted | Lost | Unknown]:
        """Append the next event of an order, as far as this replica knows it."""
        venue, order = f"v{number % VENUES}", f"o{number}"
        head = self.book.head(venue, order)
        version, parent = (1, None) if head is None else (head.version + 1, head.id)
        proposal = Proposal(replace(event(name, version, parent, order), venue_id=venue), (), "f")
        (outcome,) = await self.log.append([proposal], now=int(datetime.now(UTC).timestamp() * 1000), seconds=10)
        return type(outcome)

    def orders(self) -> list[Any]:
        heads = [self.book.head(f"v{number % VENUES}", f"o{number}") for number in range(ORDERS)]
        return [head and (head.id, self.book.document(f"o{n}", head.version)) for n, head in enumerate(heads)]


@asynccontextmanager
async def replica(backing: Backing, topic: str) -> AsyncIterator[Replica]:
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(KafkaBroker(backing.kafka, logger=None))
        await broker.start()
        consumer, asker = [
            await stack.enter_async_context(AIOKafkaConsumer(bootstrap_servers=backing.kafka, auto_offset_reset="none"))
            for _ in range(2)
        ]
        fetch_in_sessions(consumer)
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        await consumer.seek_to_beginning()
        seeks, seek = [], consumer.seek

        def noted(place: TopicPartition, offset: int) -> None:
            seeks.append(offset)
            seek(place, offset)

        consumer.seek = noted
        appender = Appender(broker, topic, CollectorRegistry(), seconds=5)
        book, start = OrderBook(), Start(dict.fromkeys(range(PARTITIONS), 0), frozenset(range(PARTITIONS)))
        log = OrderLog(
            book=book, metrics=Metrics(), appender=appender, asker=asker, topic=topic, epoch="e", start=start
        )
        clock = count(step=10)
        tail = Tail(consumer, log, window=timedelta(hours=97), clock=lambda: float(next(clock)))
        running = [asyncio.create_task(work) for work in (appender.run(), tail.run())]
        try:
            yield Replica(log, book, seeks)
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", ["one", "two", "three"])
async def test_two_that_think_they_are_alone_know_the_same_orders(backing: Backing, seed: str) -> None:
    random, topic = Random(seed), await asyncio.to_thread(backing.topic, PARTITIONS)
    told: list[type[Accepted | Lost | Unknown]] = []
    async with replica(backing, topic) as one, replica(backing, topic) as other:
        for turn in range(60):
            if random.random() < 0.3:  # one is alone for a while, and passes over what it wrote
                alone = [f"{seed}-{turn}-{number}" for number in range(random.randrange(20))]
                told += [await one.write(name, random.randrange(ORDERS)) for name in alone]
            both = [
                who.write(f"{seed}-{turn}-{n}-both", random.randrange(ORDERS)) for n, who in enumerate((one, other))
            ]
            told += await asyncio.gather(*both)
        await asyncio.gather(one.log.catch_up_all(), other.log.catch_up_all())
        assert one.orders() == other.orders()
        assert None not in one.orders()
    assert Unknown not in told
    assert Lost in told, "they never met: it proves nothing"
    assert one.seeks, "nothing was passed over: it proves nothing"
