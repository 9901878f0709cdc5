"""Fixtures for all tests: real servers once a session, a fresh topic and database for each test that asks."""

from collections.abc import Iterator

import pytest

from infra.services import Backing, backing_servers, state_folder, whole_stack
from local_stack.stack import Stack


@pytest.fixture(scope="session")
def backing() -> Iterator[Backing]:
    """Real Kafka, Postgres and Redis."""
    with state_folder() as folder, backing_servers(folder) as servers:
        yield servers


@pytest.fixture
def topic(backing: Backing) -> str:
    """A topic of this test alone: the contract's settings, 4 partitions. For others: `backing.topic(partitions=…)`."""
    return backing.topic()


@pytest.fixture
def database_url(backing: Backing) -> Iterator[str]:
    """An empty database of this test alone."""
    yield backing.database()
    backing.drop_databases()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole system with its services, for tests/system."""
    with state_folder() as folder, whole_stack(folder) as running:
        yield running
