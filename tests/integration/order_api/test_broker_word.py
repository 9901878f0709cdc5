"""What the broker says of an appended record is what every reader sees of it: its offset, its moment, its place.

The verdicts on one's own records rest on that (decision 14), whoever else writes to the same partition meanwhile. And
what it says that is no word on a record: what passes is waited for, what does not pass is told (decision 18).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import LeaderNotAvailableError, MessageSizeTooLargeError
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from infra.eventually import eventually
from infra.services import Backing
from order_api.appender import Appender
from order_api.lane import Record
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
async def appending(backing: Backing, topic: str, seconds: float = 5.0) -> AsyncIterator[Appender]:
    async with KafkaBroker(backing.kafka, logger=None) as broker:
        await broker.start()
        appender = Appender(broker, topic, CollectorRegistry(), seconds=seconds)
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


def append(appender: Appender, value: bytes = b"x", *, partition: int = 0) -> "asyncio.Future[Word]":
    author = Author(value)
    appender.append(Record(partition, b"v1", author.value, []), author)
    return author.word


async def placed(word: "asyncio.Future[Word]") -> int:
    return (await word)[0]


async def test_what_the_broker_finds_too_large_is_told_at_once_and_the_next_lands(backing: Backing, topic: str) -> None:
    async with appending(backing, topic, seconds=600) as appender:
        assert await placed(append(appender)) == 0
        with pytest.raises(MessageSizeTooLargeError):
            await append(appender, b"x" * 2_000_000)
        assert await placed(append(appender)) == 1


async def test_a_partition_that_is_not_there_is_told_when_the_time_is_up(backing: Backing) -> None:
    topic = await asyncio.to_thread(backing.topic, 1)
    async with appending(backing, topic, seconds=0.3) as appender:
        nowhere, here = append(appender, partition=1), append(appender)
        assert await placed(here) == 0
        with pytest.raises(LeaderNotAvailableError):
            await nowhere


async def test_a_partition_that_comes_to_be_gets_what_waited_for_it(backing: Backing) -> None:
    topic = await asyncio.to_thread(backing.topic, 1)
    async with appending(backing, topic, seconds=600) as appender, admin(backing) as broker:
        early = append(appender, partition=1)
        assert await placed(append(appender)) == 0
        await broker.create_partitions({topic: NewPartitions(2)})
        assert await placed(early) == 0


async def test_what_the_broker_knows_no_more_lands_when_it_is_there_again(backing: Backing) -> None:
    topic = await asyncio.to_thread(backing.topic, 1)
    async with appending(backing, topic, seconds=600) as appender, admin(backing) as broker:
        assert [await placed(append(appender)) for _ in range(3)] == [0, 1, 2]
        await broker.delete_topics([topic])
        first, second = append(appender, b"1"), append(appender, b"2")  # to who led it
        again = NewTopic(topic, 1, 1, topic_configs=TOPIC_CONFIG)

        async def created() -> bool:  # a deletion takes its time
            (answer,) = (await broker.create_topics([again])).topic_errors
            return answer[1] == 0

        await eventually(created)
        assert (await placed(first), await placed(second)) == (0, 1)


@pytest.mark.timeout(120)
async def test_an_append_outlives_the_broker(backing: Backing, topic: str) -> None:
    async with appending(backing, topic, seconds=600) as appender:
        assert await placed(append(appender)) == 0
        kafka = backing.run.programs["kafka"]
        await asyncio.to_thread(kafka.stop)
        waiting = [append(appender, b"%d" % number) for number in range(3)]
        kafka.start()
        await asyncio.to_thread(kafka.wait_ready)
        assert [await placed(one) for one in waiting] == [1, 2, 3]


@asynccontextmanager
async def admin(backing: Backing) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=backing.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()
