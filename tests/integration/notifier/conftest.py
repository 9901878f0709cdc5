"""Real Kafka, notifiers as processes of their own, and a writer to their topic.

Most tests share one replica and topic, each with a venue of its own; those that need another setting start their own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start
from infra.order_writer import OrderWriter
from infra.services import Backing

PARTITIONS = 4
_READY_SECONDS = 20.0


@pytest.fixture
def venue() -> str:
    """A venue of this test alone."""
    return f"venue-{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def shared_topic(backing: Backing) -> str:
    """One topic for all tests of the notifier."""
    return backing.topic(partitions=PARTITIONS)


@pytest.fixture(scope="session")
def replica(backing: Backing, shared_topic: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotifierProcess]:
    """A notifier with the default settings, shared by all tests."""
    shared = NotifierProcess(backing.kafka, shared_topic, tmp_path_factory.mktemp("notifier") / "shared.log", {})
    shared.start()
    deadline = time.monotonic() + _READY_SECONDS
    while not shared.is_ready():
        assert time.monotonic() < deadline, "the shared notifier did not become ready"
        time.sleep(0.1)
    yield shared
    shared.kill()


@pytest.fixture
async def writer(backing: Backing, shared_topic: str, venue: str) -> AsyncIterator[OrderWriter]:
    """Appends to the shared topic, for this test's venue."""
    async with AIOKafkaProducer(bootstrap_servers=backing.kafka, acks="all") as producer:
        yield OrderWriter(producer, shared_topic, PARTITIONS, venue)


@pytest.fixture
async def start(backing: Backing, shared_topic: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Start]:
    """Starts further replicas; keyword arguments are environment variables."""
    folder = tmp_path_factory.mktemp("replicas")
    replicas: list[NotifierProcess] = []

    async def one(**environment: str) -> NotifierProcess:
        own = NotifierProcess(backing.kafka, shared_topic, folder / f"{len(replicas)}.log", environment)
        replicas.append(own)
        own.start()
        await eventually(lambda: asyncio.to_thread(own.is_ready), within=_READY_SECONDS, what="readiness")
        return own

    yield one
    for own in replicas:
        own.kill()
