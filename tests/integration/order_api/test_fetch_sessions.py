"""A consumer in fetch sessions reads all that a topic of many partitions holds, whatever becomes of a session."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from infra.eventually import eventually
from infra.services import Backing
from order_api.fetch_sessions import fetch_in_sessions

PARTITIONS = 24


class Log:
    """A topic: what was appended to it, and what its reader has seen of that."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, topic: str) -> None:
        self.producer, self.consumer = producer, consumer
        self.partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self.appended: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
        self.seen: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
        self.sessions: list[int] = []  # of the answers so far, by id
        self.spoil: tuple[int, int] | None = None  # what the next fetch says too much, in id and epoch
        client: Any = consumer._client
        self._send, client.send = client.send, self._noting
        fetch_in_sessions(consumer)

    async def _noting(self, node_id: int, request: Any, **more: Any) -> Any:
        if self.spoil is not None and isinstance(request, FetchRequest):
            session = request._session
            session.id, session.epoch, self.spoil = session.id + self.spoil[0], session.epoch + self.spoil[1], None
        response = await self._send(node_id, request, **more)
        if isinstance(request, FetchRequest):
            self.sessions.append(response.session_id)
        return response

    async def append(self, number: int, value: bytes) -> None:
        await self.producer.send_and_wait(self.partitions[number].topic, value, partition=number)
        self.appended[number].append(value)

    async def read_all(self) -> bool:
        for partition, records in (await self.consumer.getmany(timeout_ms=100)).items():
            self.seen[partition.partition] += [record.value for record in records]
        return self.seen == self.appended


@pytest.fixture
async def log(backing: Backing) -> AsyncIterator[Log]:
    async with (
        AIOKafkaProducer(bootstrap_servers=backing.kafka) as producer,
        AIOKafkaConsumer(bootstrap_servers=backing.kafka, auto_offset_reset="none", fetch_max_wait_ms=50) as consumer,
    ):
        log = Log(producer, consumer, backing.topic(PARTITIONS))
        consumer.assign(log.partitions)
        for partition in log.partitions:
            consumer.seek(partition, 0)
        yield log


async def test_what_comes_to_any_partition_is_read_in_one_session(log: Log) -> None:
    random = Random("partitions")
    await log.append(0, b"first")
    await eventually(log.read_all)
    for turn in range(60):
        await log.append(random.randrange(PARTITIONS), b"%d" % turn)
        if random.random() < 0.5:
            await eventually(log.read_all)
    await eventually(log.read_all)
    first, *later = log.sessions
    assert first != 0, "the broker opened none"
    assert set(later) == {first}, "a session was lost on the way"
    assert len(later) > 10


async def test_what_was_read_is_read_again_after_a_seek(log: Log) -> None:
    for number in range(3):
        await log.append(number, b"x")
        await log.append(number, b"y")
    await eventually(log.read_all)
    log.seen[1] = []
    log.consumer.seek(log.partitions[1], 0)
    await eventually(log.read_all)


@pytest.mark.parametrize(("ids", "epochs"), [(1, 0), (0, 7)])
async def test_a_session_that_the_broker_does_not_know_is_followed_by_a_new_one(
    log: Log, ids: int, epochs: int
) -> None:
    await log.append(3, b"before")
    await eventually(log.read_all)
    lost = log.sessions[-1]
    log.spoil = (ids, epochs)
    await log.append(3, b"after")
    await log.append(17, b"after")
    await eventually(log.read_all)
    await eventually(lambda: log.spoil is None and log.sessions[-1] not in {0, lost})
