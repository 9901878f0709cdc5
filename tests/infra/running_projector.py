"""Projectors to test: their surroundings, as a process that can be killed or as a task, and what they have written."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.eventually import eventually
from infra.random_log import Entry, Expected, oracle
from infra.sum_tables import sum_tables
from local_stack.ports import unused_port
from order_contracts.wire import Envelope, Malformed, read_record
from projector.app import run
from projector.settings import RunSettings

SCHEMA = "read_models"
PARTITIONS = 4


@dataclass
class World:
    """One topic and one database, and what stands in them."""

    kafka: str
    topic: str
    database_url: str
    ports: dict[str, int] = field(default_factory=dict)

    def environment(self, name: str = "one", **more: str) -> dict[str, str]:
        """Give a projector's environment; each name has its own probe port."""
        self.ports.setdefault(name, unused_port())
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "ORDERS_TOPIC": self.topic,
            "ORDERS_PARTITIONS": str(PARTITIONS),
            "DATABASE_URL": self.database_url,
            "CONSUMER_GROUP": f"projector-{self.topic}",
            "HTTP_PORT": str(self.ports[name]),
            **more,
        }

    async def append(self, entries: Iterable[Entry], pause_every: int = 0) -> None:
        """Append records as they are, in order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", linger_ms=2, enable_idempotence=False)
        await producer.start()
        try:
            sent = []
            for number, entry in enumerate(entries, 1):
                sent.append(
                    await producer.send(
                        self.topic, entry.value, entry.key, partition=entry.partition, headers=list(entry.headers)
                    )
                )
                if pause_every and number % pause_every == 0:
                    await producer.flush()
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def log(self) -> list[tuple[int, int, Envelope | Malformed]]:
        """Read the whole topic: (partition, offset, content), in log order within each partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            ends, records = await consumer.end_offsets(partitions), []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for polled in (await consumer.getmany(timeout_ms=200)).values():
                    records += polled
        finally:
            await consumer.stop()
        return [
            (r.partition, r.offset, read_record(r.key, r.value, r.headers, r.timestamp, (r.partition, PARTITIONS)))
            for r in records
        ]

    async def expected(self) -> Expected:
        """Fold the whole topic by the oracle."""
        return oracle([(partition, content) for partition, _, content in await self.log()])

    async def query(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask Postgres on a connection of its own."""
        connection = await asyncpg.connect(self.database_url, server_settings={"search_path": SCHEMA})
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def in_one_session(self, before: str, sql: str) -> list[asyncpg.Record]:
        """Ask after statements that a session has to be prepared by."""
        connection = await asyncpg.connect(self.database_url, server_settings={"search_path": SCHEMA})
        try:
            await connection.execute(before)
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    async def projected(self) -> int:
        """Say how many records the positions have behind them. An AssertionError says: not to be learned now."""
        try:
            rows = await self.query("SELECT sum(next) AS records FROM positions HAVING count(*) > 0")
        except (asyncpg.PostgresError, OSError) as error:
            raise AssertionError(repr(error)) from error
        assert rows, "no positions yet"
        return int(rows[0]["records"])

    async def caught_up(self, records: int, within: float = 120.0) -> None:
        """Wait until so many records are projected."""

        async def done() -> bool:
            behind = records - await self.projected()
            assert behind == 0, f"{behind} records behind"
            return True

        await eventually(done, within=within, what=f"projecting {records} records")

    async def ready(self, name: str = "one") -> None:
        """Wait until a projector holds its partitions; the positions are there before its consumer is."""

        async def answers() -> bool:
            try:
                return (await self.probe("/readyz", name))[0] == HTTPStatus.OK
            except httpx.TransportError as error:
                raise AssertionError(repr(error)) from error

        await eventually(answers, within=120, what="readiness")

    async def tables(self) -> Expected:
        """Read what is written, in the oracle's form."""
        orders = await self.query("SELECT order_id, version, head, status, document FROM orders")
        trail = await self.query("SELECT order_id, version, event_id FROM order_events")
        counts = await self.query("SELECT venue_id, status, orders FROM venue_status_counts")
        letters = await self.query("SELECT order_id, version FROM dead_letters")
        return Expected(
            orders={o["order_id"]: (o["version"], o["head"], o["status"], json.loads(o["document"])) for o in orders},
            trail={(row["order_id"], row["version"], row["event_id"]) for row in trail},
            counts=Counter({(row["venue_id"], row["status"]): row["orders"] for row in counts}),
            dead_letters=sorted((row["order_id"], row["version"]) for row in letters),
            sums=await sum_tables(self.query),
        )

    async def agrees(self) -> None:
        """Assert that tables and oracle are equal, row by row."""
        expected, tables = await self.expected(), await self.tables()
        assert tables.orders == expected.orders
        assert tables.trail == expected.trail
        assert dict(tables.counts) == dict(expected.counts)
        assert tables.dead_letters == sorted(expected.dead_letters)
        assert tables.sums == expected.sums

    async def metric(self, metric: str, name: str = "one") -> float:
        """Read one metric, summed over its labels."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.ports[name]}/metrics")).text
        lines = [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == metric]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    async def probe(self, path: str, name: str = "one") -> tuple[int, Any]:
        """Ask a probe."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{self.ports[name]}{path}")
        return answer.status_code, answer.json()

    def settings(self, name: str = "one", **more: str) -> RunSettings:
        """Give a projector's settings."""
        return RunSettings.model_validate({key.lower(): value for key, value in self.environment(name, **more).items()})

    @asynccontextmanager
    async def running(self, name: str = "one", **more: str) -> AsyncIterator["asyncio.Task[None]"]:
        """Run a projector as a task of this test."""
        task = asyncio.create_task(run(self.settings(name, **more)))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def process(self, name: str = "one", **more: str) -> "subprocess.Popen[bytes]":
        """Start a projector as a process, to be killed."""
        return subprocess.Popen(  # our own module
            [sys.executable, "-m", "projector", "run"],
            env={**os.environ, **self.environment(name, **more), "LOG_LEVEL": "warning"},
        )


def reaped(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Kill what still runs."""
    for process in processes:
        process.kill()
        process.wait(10)
