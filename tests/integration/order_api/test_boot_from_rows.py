"""A replica that boots from the projector's rows is the one that would have read the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.random_log import Entry, RandomLog
from infra.running_projector import PARTITIONS, SCHEMA, World
from infra.services import Backing
from order_api.boot import check_topic
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_log import OrderLog
from order_api.row_boot import fill_book
from order_api.rows import Rows, open_rows
from order_api.settings import Settings
from order_api.tail import Tail
from order_contracts.arbiter import Verdict
from order_contracts.wire import Envelope, read_record

VENUES = ("osteria", "kiosk", "bar", "cantina", "bistro")
WINDOW = timedelta(hours=97)


@pytest.fixture
def world(backing: Backing, topic: str, database_url: str) -> World:
    return World(backing.kafka, topic, database_url)


class Reader:
    """The reading half of order-api."""

    def __init__(self, book: OrderBook, log: OrderLog, metrics: Metrics, from_rows: bool) -> None:
        self.book, self.log, self.metrics, self.from_rows = book, log, metrics, from_rows
        self._counted = dict.fromkeys(Verdict, 0.0)

    def _verdicts(self) -> dict[Verdict, float]:
        return {verdict: counter._value.get() for verdict, counter in self.metrics._verdicts.items()}

    def verdicts_since(self) -> dict[Verdict, float]:
        before, self._counted = self._counted, self._verdicts()
        return {verdict: count - before[verdict] for verdict, count in self._counted.items()}

    def knows(self, entries: list[Entry]) -> dict[str, Any]:
        """Say all that requests could ask about the orders of these entries."""
        read = [read_record(entry.key, entry.value, entry.headers, 0) for entry in entries]
        events = [content for content in read if isinstance(content, Envelope)]
        orders: dict[str, Any] = {}
        for event in events:
            head = self.book.head(event.venue_id, event.order_id)
            document: Any = None
            if head is not None:
                with suppress(ValueError):
                    document = self.book.document(event.order_id, head.version)
            orders[event.order_id] = head, document, self.book.organization_of(event.venue_id)
        return orders | {event.id: self.book.event(event.order_id, event.id) for event in events}


@asynccontextmanager
async def reader(
    world: World, rows: Rows | None, epoch: str, *, since: datetime | None = None
) -> AsyncIterator[Reader]:
    async with AsyncExitStack() as stack:
        consumers = []
        for _ in range(2):
            consumer = AIOKafkaConsumer(bootstrap_servers=world.kafka, group_id=None, auto_offset_reset="none")
            stack.push_async_callback(consumer.stop)
            await consumer.start()
            consumers.append(consumer)
        partitions = [TopicPartition(world.topic, number) for number in range(PARTITIONS)]
        since = since or datetime.now(UTC) - WINDOW
        book, start = await fill_book(rows, *consumers, partitions, since, seconds=10)
        metrics, nobody = Metrics(), None
        log = OrderLog(
            book=book,
            metrics=metrics,
            appender=nobody,  # type: ignore[arg-type]  # it only reads
            asker=consumers[1],
            topic=world.topic,
            epoch=epoch,
            start=start,
        )
        reading = asyncio.create_task(Tail(consumers[0], log, window=WINDOW).run())
        try:
            await log.catch_up_all()
            yield Reader(book, log, metrics, start.settled)
        finally:
            reading.cancel()
            await asyncio.wait([reading])


async def epoch_and_rows(world: World) -> tuple[str, Rows]:
    settings = {"kafka_bootstrap_servers": world.kafka, "orders_topic": world.topic, "orders_partitions": PARTITIONS}
    epoch = await check_topic(Settings.model_validate({**settings, "jwt_secret": "s" * 32}))
    return epoch, await open_rows(world.database_url, SCHEMA, epoch, seconds=5)


@pytest.mark.parametrize("seed", ["one", "two", "three"])
async def test_booted_from_rows_or_from_the_log_it_answers_alike(world: World, seed: str) -> None:
    written = RandomLog(Random(seed), VENUES, PARTITIONS)
    projected, ahead, later = 700, 200, 300
    await world.append(written.entries(projected))
    async with world.running():
        await world.caught_up(projected)
    await world.append(written.entries(ahead)[projected:])  # which the rows do not have
    epoch, rows = await epoch_and_rows(world)
    try:
        async with reader(world, rows, epoch) as warm, reader(world, None, epoch) as cold:
            assert (warm.from_rows, cold.from_rows) == (True, False)
            assert sum(warm.verdicts_since().values()) <= ahead < sum(cold.verdicts_since().values())
            entries = written.entries(0)
            assert warm.knows(entries) == cold.knows(entries)
            await world.append(written.entries(later)[projected + ahead :])
            await asyncio.gather(warm.log.catch_up_all(), cold.log.catch_up_all())
            assert warm.verdicts_since() == cold.verdicts_since()
            assert warm.knows(entries) == cold.knows(entries)
    finally:
        rows.close()


async def test_an_order_that_began_before_the_window_and_went_on_in_it_is_held_whole(world: World) -> None:
    written, before, after = RandomLog(Random("long"), VENUES, PARTITIONS), 300, 400
    await world.append(written.entries(before))
    since = datetime.now(UTC)
    await world.append(written.entries(after)[before:])
    async with world.running():
        await world.caught_up(before + after)
    epoch, rows = await epoch_and_rows(world)
    try:
        async with reader(world, rows, epoch, since=since) as warm, reader(world, None, epoch) as whole:
            assert warm.from_rows
            held, all_of_it = (one.knows(written.entries(0)) for one in (warm, whole))
            heads = {name: known[0] for name, known in all_of_it.items() if isinstance(known, tuple) and known[0]}
            moment = since.timestamp() * 1000
            went_on = {name for name, head in heads.items() if head.appended_at >= moment}
            first = {name: whole.book._orders[name].event(1) for name in went_on}
            assert any(event.appended_at < moment for event in first.values())
            assert {name: held[name] for name in went_on} == {name: all_of_it[name] for name in went_on}
    finally:
        rows.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE positions SET epoch = 'ffffffff'",
        "UPDATE positions SET next = next + 100000 WHERE next > 0",
        "UPDATE positions SET lineage = 'of another log' WHERE next > 0",
        "UPDATE positions SET next = 0, lineage = NULL",
        "DELETE FROM positions WHERE partition = 0",
        "DELETE FROM order_events WHERE version = 1",
        "DROP TABLE order_events",
    ],
)
async def test_rows_that_are_not_of_this_log_are_not_used(world: World, damage: str) -> None:
    written = RandomLog(Random("damage"), VENUES, PARTITIONS)
    await world.append(written.entries(150))
    async with world.running():
        await world.caught_up(150)
    epoch, rows = await epoch_and_rows(world)
    try:
        await world.query(damage)
        async with reader(world, rows, epoch) as warm, reader(world, None, epoch) as cold:
            assert not warm.from_rows
            assert warm.knows(written.entries(0)) == cold.knows(written.entries(0))
    finally:
        rows.close()


async def test_postgres_that_is_not_there_delays_no_boot(world: World) -> None:
    world.database_url = "postgresql://127.0.0.1:1/nobody"
    await world.append(RandomLog(Random("down"), VENUES, PARTITIONS).entries(50))
    epoch, rows = await epoch_and_rows(world)
    async with asyncio.timeout(20), reader(world, rows, epoch) as warm:
        assert not warm.from_rows
    rows.close()
