"""Boot from the projector's rows: they hold what reading the log's last hours would give, in a tenth of the time.

Rows are used only where they are surely of this log (epoch and lineage agree) and save reading. Whatever is wrong with
them, the log is read instead: a replica starts without Postgres, only later.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from order_api.boot import Start, find_start
from order_api.order_book import OrderBook
from order_api.rows import RowPosition, Rows, RowSnapshot, RowsUnusable
from order_contracts.positions import lineage_of

_log = structlog.get_logger()


async def fill_book(
    rows: Rows | None,
    consumer: AIOKafkaConsumer,
    asker: AIOKafkaConsumer,
    partitions: list[TopicPartition],
    since: datetime,
    *,
    seconds: float,
) -> tuple[OrderBook, Start]:
    """Give a book, from the rows where they can be had in so many seconds, and let `consumer` stand where it ends."""
    start = await find_start(asker, partitions, since)
    book = OrderBook(start.offsets)
    if rows is not None:
        try:
            book, start = await _from_rows(rows, consumer, partitions, start, since, seconds)
        except RowsUnusable as why_not:
            _log.warning("booting from the log", why=str(why_not))
    _log.info("booting", orders=len(book), records_to_read=sum(start.ends.values()) - sum(start.offsets.values()))
    consumer.assign(partitions)
    for topic_partition in partitions:
        consumer.seek(topic_partition, start.offsets[topic_partition.partition])
    return book, start


async def _from_rows(
    rows: Rows,
    consumer: AIOKafkaConsumer,
    partitions: list[TopicPartition],
    start: Start,
    since: datetime,
    seconds: float,
) -> tuple[OrderBook, Start]:
    try:
        async with asyncio.timeout(seconds), rows.snapshot() as snapshot:
            _check(snapshot.positions, start)
            await _check_lineage(snapshot.positions, consumer, partitions)
            book = await _read(snapshot, start, since)
    except TimeoutError as error:
        raise RowsUnusable(f"they were not read within {seconds:.0f} s") from error
    except (KafkaError, UnicodeDecodeError) as error:  # the latter from aiokafka, on a foreign header's name
        raise RowsUnusable(f"their lineage can't be checked: {error!r}") from error
    offsets = {number: at.next for number, at in snapshot.positions.items()}
    return book, replace(start, offsets=offsets, settled=True)


def _check(positions: Mapping[int, RowPosition], start: Start) -> None:
    if positions.keys() != start.offsets.keys():
        raise RowsUnusable("they are of another number of partitions")
    ahead = [number for number, at in positions.items() if at.next > start.ends[number]]
    if ahead:
        raise RowsUnusable(f"they are ahead of the log in partitions {ahead}: it was cut short or recreated")
    if sum(at.next - start.offsets[number] for number, at in positions.items()) <= 0:
        raise RowsUnusable("they are too old to save reading")


async def _check_lineage(
    positions: Mapping[int, RowPosition], consumer: AIOKafkaConsumer, partitions: list[TopicPartition]
) -> None:
    """Read the record before each position again: it must be the one that was projected last."""
    waiting = {tp: positions[tp.partition] for tp in partitions if positions[tp.partition].lineage is not None}
    consumer.assign(list(waiting))
    for topic_partition, at in waiting.items():
        consumer.seek(topic_partition, at.next - 1)
    while waiting:
        for topic_partition, (record, *_) in (await consumer.getmany(*waiting, timeout_ms=200)).items():
            if lineage_of(record.timestamp, record.key, record.value) != waiting[topic_partition].lineage:
                raise RowsUnusable(f"partition {topic_partition.partition}: they were made of another log")
            del waiting[topic_partition]


async def _read(snapshot: RowSnapshot, start: Start, since: datetime) -> OrderBook:
    book, partitions = OrderBook(start.offsets), len(start.offsets)
    async for chunk in snapshot.since(since):
        book.fill(chunk, partitions)
    if earlier := book.begun_earlier():
        book.fill(await snapshot.of_orders(earlier), partitions)
        if incomplete := len(book.begun_earlier()):
            raise RowsUnusable(f"they lack the beginning of {incomplete} orders")
    book.settle()
    return book
