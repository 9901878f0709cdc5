"""Fixtures for all tests: real servers once a session, a fresh topic and database for each test that asks.

Under pytest-xdist a worker is a session: it has its own servers, and its own part of the ports.
"""

import os
from collections.abc import Iterator

import pytest

from infra.services import Backing, backing_servers, state_folder, whole_stack
from local_stack import ports
from local_stack.stack import Stack

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_WORKERS = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
_FAST = ("unit", "deploy")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first, then those of the whole system, on one worker; the others go by files."""

    def turn(item: pytest.Item) -> int:
        if item.path.relative_to(item.config.rootpath).parts[1] in _FAST:
            return 0
        return 1 if "stack" in getattr(item, "fixturenames", ()) else 2

    for item in items:
        item.add_marker(pytest.mark.xdist_group("the whole system" if turn(item) == 1 else str(item.path)))
    items.sort(key=turn)


def pytest_configure() -> None:
    """Keep the workers' ports apart."""
    ports.CANDIDATES = ports.CANDIDATES[int(_WORKER) :: int(_WORKERS)]


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
