"""The tests' way to real servers: the same code that `make up` runs, started once a session.

Nothing here belongs to an event loop: the servers are processes, and tests of any loop use their addresses.
"""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from local_stack.backing import BackingOptions, BackingServers
from local_stack.databases import create_database, drop_database
from local_stack.run import Run
from local_stack.stack import Stack, StackOptions
from local_stack.state import State
from local_stack.topics import create_topic
from order_contracts.channels import TOPIC_CONFIG

PICTURES = "https://pictures.test"
"""Where the whole system's board takes pictures from: nobody is there, a test that wants one answers for it."""


@dataclass
class Backing:
    """Real Kafka, Postgres and Redis, and fresh places in them."""

    kafka: str
    postgres: str
    redis_url: str
    run: Run
    _databases: list[str] = field(default_factory=list)

    def topic(self, partitions: int = 4, config: Mapping[str, str] = TOPIC_CONFIG, prefix: str = "orders") -> str:
        """Make a topic that nobody else uses; it keeps the contract unless told otherwise."""
        name = f"{prefix}.{uuid.uuid4().hex[:12]}"
        _outside_any_loop(create_topic(self.kafka, name, partitions, config))
        return name

    def database(self) -> str:
        """Make an empty database that nobody else uses, and give its address."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._databases.append(name)
        return create_database(self.postgres, name)

    def drop_databases(self) -> None:
        """Remove those made since the last call, with whoever still uses them."""
        while self._databases:
            drop_database(self.postgres, self._databases.pop())


def _outside_any_loop(work: Any) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as failure:  # noqa: BLE001  # raised again below, in the caller's thread
            failures.append(failure)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@contextmanager
def state_folder() -> Iterator[Path]:
    """Give a folder for the servers' state, removed afterwards.

    Not pytest's own tmp_path: each pytest that starts closes their common parent to all other users, which locks out
    the unprivileged user that Postgres runs as under root, in the middle of another session.
    """
    with TemporaryDirectory(prefix="scanserve-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def backing_servers(folder: Path) -> Iterator[Backing]:
    """Run Kafka, Postgres and Redis, with their state in `folder`."""
    events: list[str] = []
    run = Run(State(folder), events.append)
    servers = BackingServers(run, BackingOptions(redis=True))
    try:
        run.begin()
        servers.start()
        yield Backing(servers.kafka, servers.postgres, servers.redis_url or "", run)
    finally:
        run.end()
        servers.stop_containers()


@contextmanager
def whole_stack(folder: Path) -> Iterator[Stack]:
    """Run the whole system: two of order-api and notifier, one projector, one query API."""
    stack = Stack(StackOptions(state_dir=folder, environment={"IMAGES_URL": PICTURES}))
    stack.start()
    try:
        yield stack
    finally:
        stack.stop()
