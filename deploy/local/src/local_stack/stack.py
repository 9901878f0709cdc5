"""The whole system on one machine, its composition root: backing servers, topic, migrations, services."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from local_stack.backing import BackingOptions, BackingServers, kept_ports
from local_stack.program import Program, inherited
from local_stack.run import Run
from local_stack.services import Plan, Replicas, migration_program, service_programs
from local_stack.state import State
from local_stack.supervision import Supervised
from local_stack.topics import create_topic
from order_contracts.claims import issue

EVERYDAY_SCOPES = ("orders:write", "orders:read", "rooms:join", "analytics:read")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What to run, and where its state lives. `environment` is given to every service."""

    state_dir: Path
    order_apis: int = 2
    notifiers: int = 2
    projectors: int = 1
    queries: int = 1
    redis: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def replicas(self) -> Replicas:
        """How many of each service."""
        return Replicas(self.order_apis, self.projectors, self.queries, self.notifiers)


@dataclass(frozen=True, slots=True)
class Parts:
    """The programs of a stack; other ones in the tests of the supervision itself."""

    migrations: Callable[[Plan], Program] = migration_program
    services: Callable[[Plan], list[Program]] = service_programs


class Stack:
    """One running system. It belongs to no event loop: tests of any loop may share it."""

    def __init__(
        self, options: StackOptions, on_progress: Callable[[str], None] | None = None, parts: Parts | None = None
    ) -> None:
        self.options = options
        self.state = State(options.state_dir)
        self._parts = parts or Parts()
        self._run = Run(self.state, on_progress or (lambda _: None))
        backing_options = BackingOptions(options.redis, options.ports, {**os.environ, **options.environment})
        self.backing = BackingServers(self._run, backing_options)
        self._plan: Plan | None = None

    def begin(self) -> None:
        """Take the state folder; start() does it too. Raises AlreadyUp."""
        self._run.begin()

    def start(self) -> None:
        """Start everything; what has started is stopped again when something does not."""
        self.begin()
        try:
            self.backing.start()
            self._plan = plan = self._planned()
            asyncio.run(create_topic(self.kafka, *plan.topic))
            self._run.once(self._parts.migrations(plan))
            self._run.start(*self._parts.services(plan))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, in reverse order."""
        self._run.end()
        self.backing.stop_containers()

    def _planned(self) -> Plan:
        return Plan(
            replicas=self.options.replicas,
            ports=kept_ports(self._run, self.options.replicas.names(), self.options.ports),
            kafka=self.backing.kafka,
            database_url=self.backing.database_url,
            redis_url=self.backing.redis_url,
            jwt_secret=self.jwt_secret,
            guest_keys=self.state.guest_keys(),
            logs=self.state.logs,
            inherited=inherited(),
            environment=self.options.environment,
        )

    async def __aenter__(self) -> Self:
        """Start, without holding up the loop; cancelled on the way, it stops again."""
        try:
            await asyncio.to_thread(self.start)
        except asyncio.CancelledError:
            await asyncio.to_thread(self.stop)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    @property
    def plan(self) -> Plan:
        """What the services were told."""
        if self._plan is None:
            raise LookupError("the stack has not been started")
        return self._plan

    @property
    def kafka(self) -> str:
        """Kafka's bootstrap servers."""
        return self.backing.kafka

    @property
    def database_url(self) -> str:
        """The system's database."""
        return self.backing.database_url

    @property
    def redis_url(self) -> str | None:
        """Redis, where it was asked for."""
        return self.backing.redis_url

    @property
    def order_api_urls(self) -> list[str]:
        """All order-api replicas."""
        return self.plan.urls("order-api")

    @property
    def query_urls(self) -> list[str]:
        """All replicas of the query API."""
        return self.plan.urls("query")

    @property
    def notifier_urls(self) -> list[str]:
        """All notifier replicas."""
        return self.plan.urls("notifier")

    @property
    def jwt_secret(self) -> str:
        """What tokens are signed with: JWT_SECRET, or one made for this state folder."""
        given = self.options.environment.get("JWT_SECRET") or os.environ.get("JWT_SECRET")
        return given or self.state.secret("jwt")

    @property
    def processes(self) -> Mapping[str, Supervised]:
        """Every supervised process by its name, `kafka` and `order-api-1` for instance."""
        return self._run.programs

    def token(
        self,
        *,
        sub: str = "developer",
        org: str = "organization-1",
        venues: Iterable[str] | Literal["*"] = "*",
        scope: Iterable[str] = EVERYDAY_SCOPES,
        lifetime_seconds: int = 12 * 3600,
    ) -> str:
        """Sign a token that the services of this stack accept."""
        return issue(
            secret=self.jwt_secret,
            subject=sub,
            organization_id=org,
            venues=venues,
            scopes=scope,
            now=datetime.now(UTC),
            lifetime_seconds=lifetime_seconds,
        )

    async def kill(self, name: str) -> None:
        """Kill a process as a crash would; the supervision starts it again."""
        await asyncio.to_thread(self.processes[name].kill)

    async def pause(self, name: str) -> None:
        """Freeze a process: it is alive and says nothing."""
        await asyncio.to_thread(self.processes[name].pause)

    async def resume(self, name: str) -> None:
        """Let a frozen process go on."""
        await asyncio.to_thread(self.processes[name].resume)

    async def stop_one(self, name: str) -> None:
        """Stop a process; it stays down until start_one."""
        await asyncio.to_thread(self.processes[name].stop)

    async def start_one(self, name: str, *, wait: bool = True) -> None:
        """Start a stopped process again, and wait until it is ready."""
        await asyncio.to_thread(self.processes[name].start)
        if wait:
            await self.ready(name)

    async def ready(self, name: str) -> None:
        """Wait until a process answers, after a kill for instance."""
        await asyncio.to_thread(self.processes[name].wait_ready)
