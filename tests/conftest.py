"""Fixtures for all tests: real servers once a session, a fresh topic and database for each test that asks.

Under pytest-xdist a worker is a session: it has its own servers, and its own part of the ports.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from infra.services import Backing, backing_servers, state_folder, whole_stack
from local_stack import ports
from local_stack.stack import Stack

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_WORKERS = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
_FAST = ("tests/unit/", "tests/deploy/")
_WHOLE = ("tests/system/", "tests/browser/", "tests/integration/local_stack/test_stack.py")
_LONG = tuple(  # by what they take of a processor's time
    f"tests/integration/{name}.py"
    for name in (
        "local_stack/test_up_and_down",
        "projector/test_rebuild",
        "projector/test_survival",
        "order_api/test_openapi",
        "projector/test_webhooks",
        "local_stack/test_backing",
        "projector/test_query_openapi",
        "order_api/test_surviving",
        "projector/test_queries",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first, then those of the whole system and the other long ones: workers end at about the same time."""
    groups = (_FAST, _WHOLE, _LONG)
    items.sort(key=lambda item: next((at for at, group in enumerate(groups) if item.nodeid.startswith(group)), 3))


class _Shares(LoadScopeScheduling):
    """A file goes to one worker, and all that need the whole system to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "whole" if nodeid.startswith(_WHOLE) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Shares:
    """Share out by ourselves: xdist 3.8's own groups are not seen under pytest 9.2."""
    return _Shares(config, log)


def pytest_configure() -> None:
    """Keep the workers' ports apart. No example has to be quick: on a busy machine that would tell of others."""
    settings.register_profile("whole", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("whole")
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
