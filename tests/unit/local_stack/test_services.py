from pathlib import Path
from typing import Any

import pytest

from local_stack.services import Plan, Replicas, migration_program, service_programs


def plan(**changes: Any) -> Plan:
    replicas = Replicas(order_apis=2, projectors=1, queries=1, notifiers=3)
    settings: dict[str, Any] = {
        "replicas": replicas,
        "ports": {name: 8000 + number for number, name in enumerate(replicas.names())},
        "kafka": "broker:9092",
        "database_url": "postgresql://here/orders",
        "redis_url": None,
        "jwt_secret": "s" * 32,
        "guest_keys": Path("guest-keys.json"),
        "logs": Path("logs"),
        "inherited": {"PATH": "/bin", "DATABASE_URL": "postgresql://of-the-shell/", "HTTP_PORT": "1"},
    }
    return Plan(**(settings | changes))


def environment_of(name: str, of: Plan) -> dict[str, str]:
    return dict(next(program.environment for program in service_programs(of) if program.name == name))


def test_each_replica_is_a_process_of_its_own() -> None:
    assert [program.name for program in service_programs(plan())] == [
        "order-api-1",
        "order-api-2",
        "projector-1",
        "query-1",
        "notifier-1",
        "notifier-2",
        "notifier-3",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order-api-2", ["order_api"]),
        ("projector-1", ["projector", "run"]),
        ("query-1", ["projector", "serve"]),
        ("notifier-3", ["notifier"]),
    ],
)
def test_the_command_of_each_kind(name: str, words: list[str]) -> None:
    program = next(program for program in service_programs(plan()) if program.name == name)
    assert list(program.command[1:]) == ["-m", *words]


def test_whoever_seals_or_opens_guests_texts_has_their_keys_and_the_projector_has_not() -> None:
    of = plan()
    having = {name.rpartition("-")[0] for name in of.replicas.names() if "GUEST_KEYS_FILE" in environment_of(name, of)}
    assert having == {"order-api", "query", "notifier"}


def test_every_service_knows_the_log_the_secret_and_its_own_port() -> None:
    of = plan()
    for name in of.replicas.names():
        environment = environment_of(name, of)
        assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "broker:9092"
        assert environment["JWT_SECRET"] == "s" * 32
        assert environment["HTTP_PORT"] == str(of.ports[name])
        assert environment["PATH"] == "/bin"


def test_notifiers_do_not_reach_the_database() -> None:
    of = plan()
    reaching = [name for name in of.replicas.names() if "DATABASE_URL" in environment_of(name, of)]
    assert reaching == ["order-api-1", "order-api-2", "projector-1", "query-1"], (
        "the shell's own DATABASE_URL must not leak into the others"
    )
    assert migration_program(of).environment["DATABASE_URL"] == "postgresql://here/orders"


def test_notifiers_spread_their_screens_over_the_order_apis() -> None:
    of = plan()
    named = [environment_of(f"notifier-{number}", of)["ORDER_API_URL"] for number in (1, 2, 3)]
    first, second = of.urls("order-api")
    assert named == [first, second, first]


def test_the_staff_page_s_origins_are_allowed() -> None:
    origins = environment_of("order-api-1", plan())["CORS_ORIGINS"].split(",")
    assert {"http://127.0.0.1:8004", "http://localhost:8004"} <= set(origins)


def test_redis_is_told_only_where_it_is() -> None:
    assert "REDIS_URL" not in environment_of("notifier-1", plan())
    assert environment_of("notifier-1", plan(redis_url="redis://r"))["REDIS_URL"] == "redis://r"
    assert "REDIS_URL" not in environment_of("order-api-1", plan(redis_url="redis://r"))


def test_options_win_over_everything() -> None:
    of = plan(environment={"LOG_LEVEL": "debug", "ORDERS_TOPIC": "mine", "ORDERS_PARTITIONS": "6"})
    assert environment_of("query-1", of)["LOG_LEVEL"] == "debug"
    assert of.topic == ("mine", 6)
    assert plan().topic == ("orders.events", 24)
