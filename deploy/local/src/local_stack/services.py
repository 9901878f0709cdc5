"""The services of the stack as programs: which, how many, and what each is told in its environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local_stack.ports import HOST
from local_stack.program import Program
from local_stack.readiness import answers_ok
from order_contracts.channels import PARTITIONS, TOPIC

# Only from the plan, never by accident from the shell that started the stack.
OWN_VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "DATABASE_URL",
    "REDIS_URL",
    "JWT_SECRET",
    "JWT_PUBLIC_KEY_FILE",
    "JWT_JWKS_URL",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "HTTP_HOST",
    "HTTP_PORT",
    "CORS_ORIGINS",
    "ORDER_LINK_SECRET",
    "GUEST_KEYS_FILE",
    "ORDER_API_URL",
    "QUERY_API_URL",
)


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many of each."""

    order_apis: int = 2
    projectors: int = 1
    queries: int = 1
    notifiers: int = 2

    def names(self) -> tuple[str, ...]:
        """Name every process."""
        kinds = {
            "order-api": self.order_apis,
            "projector": self.projectors,
            "query": self.queries,
            "notifier": self.notifiers,
        }
        return tuple(f"{kind}-{number}" for kind, count in kinds.items() for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the services' environments are made of. `environment` goes to each of them, and wins."""

    replicas: Replicas
    ports: Mapping[str, int]
    kafka: str
    database_url: str
    redis_url: str | None
    jwt_secret: str
    guest_keys: Path
    logs: Path
    inherited: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> tuple[str, int]:
        """Name the topic of the orders, and its partitions."""
        settings = {**self.inherited, **self.environment}
        return settings.get("ORDERS_TOPIC", TOPIC), int(settings.get("ORDERS_PARTITIONS", PARTITIONS))

    def urls(self, kind: str) -> list[str]:
        """Give the addresses of all replicas of a kind."""
        return [self.url(name) for name in self.replicas.names() if name.rpartition("-")[0] == kind]

    def url(self, name: str) -> str:
        """Give the address of one process."""
        return f"http://{HOST}:{self.ports[name]}"


_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "order-api": ("order_api",),
    "projector": ("projector", "run"),
    "query": ("projector", "serve"),
    "notifier": ("notifier",),
}


def service_programs(plan: Plan) -> list[Program]:
    """Describe every service process."""
    return [_program(plan, name) for name in plan.replicas.names()]


def migration_program(plan: Plan) -> Program:
    """Describe what brings the schema up to date, before any service needs it."""
    return Program(
        name="migrations",
        command=(sys.executable, "-m", "projector", "migrate"),
        log=plan.logs / "migrations.log",
        environment={**_common(plan), "DATABASE_URL": plan.database_url, **plan.environment},
    )


def _program(plan: Plan, name: str) -> Program:
    kind, _, number = name.rpartition("-")
    return Program(
        name=name,
        command=(sys.executable, "-m", *_COMMANDS[kind]),
        log=plan.logs / f"{name}.log",
        environment={**_common(plan), **_own(plan, kind, int(number)), **plan.environment},
        is_ready=partial(answers_ok, plan.ports[name], "/readyz"),
        stops_within=25.0 if kind == "notifier" else 10.0,  # it spreads the screens' leaving
    )


def _common(plan: Plan) -> dict[str, str]:
    origins = [f"http://{host}:{plan.ports[n]}" for n in _named(plan, "notifier") for host in (HOST, "localhost")]
    return {
        **{name: value for name, value in plan.inherited.items() if name not in OWN_VARIABLES},
        "PYTHONUNBUFFERED": "1",
        "KAFKA_BOOTSTRAP_SERVERS": plan.kafka,
        "JWT_SECRET": plan.jwt_secret,
        "HTTP_HOST": HOST,
        "CORS_ORIGINS": ",".join(origins),
    }


def _own(plan: Plan, kind: str, number: int) -> dict[str, str]:
    own = {"HTTP_PORT": str(plan.ports[f"{kind}-{number}"])}
    if kind == "order-api":  # a demo and a bench are one token each
        own["RATE_LIMIT"] = plan.inherited.get("RATE_LIMIT", "none")
    if kind in ("projector", "query", "order-api"):  # order-api only starts quicker with it, and finds older orders
        own["DATABASE_URL"] = plan.database_url
    if kind != "projector":  # which needs none: what it writes stays sealed
        own["GUEST_KEYS_FILE"] = str(plan.guest_keys)
    if kind == "notifier":  # each sends its screens to another replica
        own |= {
            variable: urls[(number - 1) % len(urls)]
            for variable, urls in (("ORDER_API_URL", plan.urls("order-api")), ("QUERY_API_URL", plan.urls("query")))
            if urls
        }
    if kind == "notifier":  # on one machine all screens may come back at once
        own["DRAIN_SECONDS"] = "1"
    if kind == "projector":  # a name that outlives the process: started again, it has its partitions at once
        own["GROUP_INSTANCE_ID"] = f"{kind}-{number}"
    if kind in ("query", "notifier") and plan.redis_url:
        own["REDIS_URL"] = plan.redis_url
    return own


def _named(plan: Plan, kind: str) -> list[str]:
    return [name for name in plan.replicas.names() if name.rpartition("-")[0] == kind]
