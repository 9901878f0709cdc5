"""The servers really serve, and the topic is what its contract says."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from redis.asyncio import Redis

from infra.eventually import eventually
from infra.services import Backing, backing_servers, state_folder
from local_stack.backing import BackingOptions, BackingServers
from local_stack.failure import StackFailure
from local_stack.run import Run
from local_stack.state import State
from local_stack.topics import TopicNotMade, create_topic
from order_contracts.channels import topic_faults


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


async def test_the_topic_keeps_its_contract_as_read_back(backing: Backing) -> None:
    name = backing.topic(partitions=24)
    admin = AIOKafkaAdminClient(bootstrap_servers=backing.kafka)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([name])
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    finally:
        await admin.close()
    config = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert topic_faults(len(described["partitions"]), config, expected_partitions=24) == []


async def test_a_record_comes_back_with_the_log_s_own_time(backing: Backing, topic: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=backing.kafka, acks="all") as producer:
        written = await producer.send_and_wait(topic, b"hello", partition=2, timestamp_ms=1)
    consumer = AIOKafkaConsumer(bootstrap_servers=backing.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 2)])
        record = await consumer.getone()
    finally:
        await consumer.stop()
    assert (record.offset, record.value) == (written.offset, b"hello")
    assert record.timestamp > 1, "CreateTime would have kept the writer's 1"


async def test_making_a_topic_twice_is_no_error(backing: Backing, topic: str) -> None:
    assert await create_topic(backing.kafka, topic, 4) is False


async def test_a_topic_that_cannot_be_made_is_an_error(backing: Backing) -> None:
    with pytest.raises(TopicNotMade, match="InvalidTopic"):
        await create_topic(backing.kafka, "no spaces allowed", 1)


async def test_each_database_is_empty_and_its_own(backing: Backing, database_url: str) -> None:
    other = backing.database()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE mine (id int)")
        assert await connection.fetchval("SHOW fsync") == "on"
    finally:
        await connection.close()
    connection = await asyncpg.connect(other)
    try:
        assert await connection.fetchval("SELECT to_regclass('mine')") is None
    finally:
        await connection.close()


async def test_postgres_refuses_whoever_has_no_password(backing: Backing) -> None:
    address = backing.postgres.replace(backing.run.state.secret("postgres"), "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(address)


async def test_redis_serves(backing: Backing) -> None:
    async with Redis.from_url(backing.redis_url) as redis:
        key = uuid.uuid4().hex
        await redis.set(key, "value")
        assert await redis.get(key) == b"value"


async def test_what_was_written_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    with backing_servers(folder) as first:
        name, address = first.topic(partitions=1), first.database()
        async with AIOKafkaProducer(bootstrap_servers=first.kafka, acks="all") as producer:
            await producer.send_and_wait(name, b"kept")
        connection = await asyncpg.connect(address)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await connection.close()
    with backing_servers(folder) as second:
        assert (second.kafka, second.postgres) == (first.kafka, first.postgres), "ports and passwords stay"
        connection = await asyncpg.connect(address)
        assert await connection.fetchval("SELECT answer FROM kept") == 42
        await connection.close()
        consumer = AIOKafkaConsumer(name, bootstrap_servers=second.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            assert (await consumer.getone()).value == b"kept"
        finally:
            await consumer.stop()


async def test_killed_servers_come_back_with_what_was_acknowledged(folder: Path) -> None:
    with backing_servers(folder) as servers:
        name, address = servers.topic(partitions=1), servers.database()
        async with AIOKafkaProducer(bootstrap_servers=servers.kafka, acks="all") as producer:
            written = await producer.send_and_wait(name, b"acknowledged")
        connection = await asyncpg.connect(address)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.terminate()
        for server in ("kafka", "postgres"):
            supervised = servers.run.programs[server]
            first = supervised.pid
            supervised.kill()
            await eventually(lambda: supervised.pid not in (first, None))  # noqa: B023  # used at once
            await asyncio.to_thread(supervised.wait_ready)
        connection = await asyncpg.connect(address)
        assert await connection.fetchval("SELECT answer FROM kept") == 42
        await connection.close()
        consumer = AIOKafkaConsumer(name, bootstrap_servers=servers.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            assert (await consumer.getone()).offset == written.offset
        finally:
            await consumer.stop()


async def test_servers_at_given_addresses_are_used_and_nothing_is_started(backing: Backing, tmp_path: Path) -> None:
    addresses = {"KAFKA_BOOTSTRAP_SERVERS": backing.kafka, "DATABASE_URL": backing.database()}
    run = Run(State(tmp_path), lambda _: None)
    servers = BackingServers(run, BackingOptions(environment=addresses))
    run.begin()
    try:
        servers.start()
        assert (servers.kafka, servers.database_url) == tuple(addresses.values())
        assert servers.redis_url is None
        assert run.programs == {}
    finally:
        run.end()
        backing.drop_databases()


def test_an_address_that_does_not_answer_is_said_so(tmp_path: Path) -> None:
    run = Run(State(tmp_path), lambda _: None)
    nowhere = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    run.begin()
    try:
        with pytest.raises(StackFailure, match="does not answer at DATABASE_URL"):
            BackingServers(run, BackingOptions(environment=nowhere)).start()
    finally:
        run.end()
