"""What the broker says of an appended record is what every reader sees of it: its offset, its moment, its place.

The verdicts on one's own records rest on that (decision 14), whoever else writes to the same partition meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from infra.eventually import eventually
from infra.services import Backing
from order_api.appender import Appender, Record
from order_contracts.channels import TOPIC_CONFIG

WRITERS, ROUNDS, AT_ONCE = 3, 20, 5
Word = tuple[int, int | None]


class Author:
    """Who hands a record over and hears where it stands."""

    over = False

    def __init__(self, value: bytes) -> None:
        self.value, self.word = value, asyncio.get_running_loop().create_future()

    def appended(self, offset: int, appended_at: int | None) -> None:
        self.word.set_result((offset, appended_at))

    def failed(self, error: Exception) -> None:
        self.word.set_exception(error)


@asynccontextmanager
async def appending(backing: Backing, topic: str) -> AsyncIterator[Appender]:
    async with KafkaBroker(backing.kafka, acks="all", enable_idempotence=False, logger=None) as broker:
        await broker.start()
        appender = Appender(broker, topic, CollectorRegistry())
        running = asyncio.create_task(appender.run())
        try:
            yield appender
        finally:
            running.cancel()
            await asyncio.wait([running])


async def written(backing: Backing, topic: str, writer: int) -> dict[bytes, Word]:
    """Append as one replica does; give what the broker said, by value."""
    words: dict[bytes, Word] = {}
    async with appending(backing, topic) as appender:
        for turn in range(ROUNDS):
            authors = [Author(b"%d-%d-%d" % (writer, turn, number)) for number in range(AT_ONCE)]
            for author in authors:
                appender.append(Record(0, b"v1", author.value, []), author)
            words |= {author.value: await author.word for author in authors}
    return words


async def read(backing: Backing, topic: str) -> list[ConsumerRecord]:
    async with AIOKafkaConsumer(bootstrap_servers=backing.kafka, auto_offset_reset="none") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        records: list[ConsumerRecord] = []

        async def all_read() -> bool:
            for more in (await consumer.getmany(timeout_ms=200)).values():
                records.extend(more)
            return len(records) == WRITERS * ROUNDS * AT_ONCE

        await eventually(all_read)
    return records


async def test_where_and_when_the_broker_says_is_where_and_when_readers_see_it(backing: Backing, topic: str) -> None:
    said = await asyncio.gather(*(written(backing, topic, writer) for writer in range(WRITERS)))
    seen = {record.value: (record.offset, record.timestamp) for record in await read(backing, topic)}
    assert seen == {value: word for words in said for value, word in words.items()}
    offsets = [sorted(offset for offset, _ in words.values()) for words in said]
    assert any(mine[-1] - mine[0] >= len(mine) for mine in offsets), "nobody wrote in between: it proves nothing"


@pytest.mark.timeout(60)
async def test_where_writers_say_when_no_moment_is_told(backing: Backing) -> None:
    config = {**TOPIC_CONFIG, "message.timestamp.type": "CreateTime"}
    topic = await asyncio.to_thread(backing.topic, 1, config)
    async with appending(backing, topic) as appender:
        author = Author(b"x")
        appender.append(Record(0, b"v1", author.value, []), author)
        assert await author.word == (0, None)
