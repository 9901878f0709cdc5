"""The services on a broker that asks who is there, with the users and the rights of the manifests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from infra.eventually import eventually
from infra.guarded_kafka import GuardedKafka, start_guarded_kafka
from infra.manifests import of_kind, render
from infra.pos_client import SECRET, order_body, token
from infra.services import Backing, state_folder
from local_stack.ports import unused_port
from local_stack.topics import create_topic
from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.log_access import LogAccess

USERS = of_kind(render("staging"), "KafkaUser")


@pytest.fixture(scope="module")
def kafka(backing: Backing) -> Iterator[GuardedKafka]:
    with state_folder() as folder:
        guarded = start_guarded_kafka(backing.run, folder, USERS)
        try:
            yield guarded
        finally:
            backing.run.programs["guarded-kafka"].stop()


def start(
    kafka: GuardedKafka, user: str, command: tuple[str, ...], port: int, database_url: str, log: Path
) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **kafka.environment(user), "JWT_SECRET": SECRET, "HTTP_PORT": str(port)}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *command], env={**environment, "DATABASE_URL": database_url}, stderr=out
        )


async def test_each_service_works_with_its_own_rights_and_only_order_api_may_write(
    kafka: GuardedKafka, database_url: str, tmp_path: Path
) -> None:
    await create_topic(kafka.plain, TOPIC, PARTITIONS)
    await kafka.allow(USERS)
    ports = {user: unused_port() for user in USERS}
    commands = {"order-api": ("order_api",), "projector": ("projector", "run"), "notifier": ("notifier",)}
    with ExitStack() as ending:
        for user, command in commands.items():
            process = start(kafka, user, command, ports[user], database_url, tmp_path / user)
            ending.callback(process.wait, 20)
            ending.callback(process.terminate)
        async with httpx.AsyncClient(timeout=10) as http:

            async def ready(user: str) -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{ports[user]}/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            for user in USERS:
                await eventually(lambda user=user: ready(user), within=40)
            headers = {"Authorization": f"Bearer {token('venue-1')}", "Idempotency-Key": "guarded-1"}
            url = f"http://127.0.0.1:{ports['order-api']}/v1/venues/venue-1/orders"
            placed = await http.post(url, json=order_body(), headers=headers)
            assert placed.status_code == 201, placed.text

            async def counted(user: str, metric: str) -> bool:
                lines = (await http.get(f"http://127.0.0.1:{ports[user]}/metrics")).text.splitlines()
                return any(line.startswith(metric) and float(line.rpartition(" ")[2]) >= 1 for line in lines)

            await eventually(lambda: counted("projector", "projector_records_total"))
            await eventually(lambda: counted("notifier", 'notifier_records_total{fate="accepted"}'))
    for user in ("projector", "notifier"):
        await _may_not_write(kafka, user)


async def _may_not_write(kafka: GuardedKafka, user: str) -> None:
    access = LogAccess(**{name.lower(): value for name, value in kafka.environment(user).items()})
    producer = AIOKafkaProducer(**access.kafka_access(), request_timeout_ms=5_000)
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(TOPIC, b"not history")
    finally:
        await producer.stop()


@pytest.mark.parametrize("command", [("order_api",), ("notifier",)])
def test_a_wrong_password_ends_the_service_in_words(kafka: GuardedKafka, command: tuple[str, ...]) -> None:
    environment = {**os.environ, **kafka.environment("notifier"), "KAFKA_PASSWORD": "guess", "JWT_SECRET": SECRET}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**environment, "HTTP_PORT": str(unused_port())},
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )
    assert done.returncode == 1, done.stderr
    assert "Kafka at 127.0.0.1" in done.stderr
    assert "guess" not in done.stderr
