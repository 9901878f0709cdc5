"""Two replicas of order-api as processes of their own, on a topic of their own."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import pytest

from infra.pos_client import SECRET, PosClient, token
from infra.services import Backing
from local_stack.ports import HOST, free_ports
from local_stack.program import Program, inherited
from local_stack.readiness import answers_ok

PARTITIONS = 4


@dataclass(frozen=True)
class Replicas:
    """Where they are, and how to kill them."""

    urls: tuple[str, str]
    topic: str
    backing: Backing
    names: tuple[str, str]

    def kill(self, number: int) -> None:
        """Kill one as a crash would; it is started again."""
        self.backing.run.programs[self.names[number]].kill()

    def wait_ready(self, number: int) -> None:
        """Wait until it takes orders again."""
        self.backing.run.programs[self.names[number]].wait_ready()


def program(backing: Backing, name: str, port: int, topic: str, **environment: str) -> Program:
    """Describe one order-api process."""
    return Program(
        name=name,
        command=(sys.executable, "-m", "order_api"),
        log=backing.run.state.logs / f"{name}.log",
        environment={
            **inherited(),
            "KAFKA_BOOTSTRAP_SERVERS": backing.kafka,
            "ORDERS_TOPIC": topic,
            "ORDERS_PARTITIONS": str(PARTITIONS),
            "JWT_SECRET": SECRET,
            "HTTP_PORT": str(port),
            "APPEND_DEADLINE_SECONDS": "3",
            "RATE_LIMIT": "none",
            **environment,
        },
        is_ready=partial(answers_ok, port, "/readyz"),
    )


@contextmanager
def two_replicas(backing: Backing, **environment: str) -> Iterator[Replicas]:
    """Run two on a topic of their own."""
    topic = backing.topic(PARTITIONS)
    names = (f"order-api-a-{topic}", f"order-api-b-{topic}")
    ports = free_ports(names, {}, {})
    backing.run.start(*(program(backing, name, ports[name], topic, **environment) for name in names))
    one, two = (f"http://{HOST}:{ports[name]}" for name in names)
    yield Replicas((one, two), topic, backing, names)
    for name in names:
        backing.run.programs[name].stop()


@pytest.fixture(scope="module")
def replicas(backing: Backing) -> Iterator[Replicas]:
    """Start two, once for the tests of a module; venues keep the tests apart."""
    with two_replicas(backing) as running:
        yield running


@pytest.fixture
async def pos() -> AsyncIterator[PosClient]:
    """A till at a venue of this test alone."""
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, token(venue)) as client:
        yield client
