"""A rebuild and a verify of a long log: alone, and while orders keep coming and somebody reads, beside bare COPY."""

import asyncio
import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from infra.services import Backing
from load.bench import cpu_seconds, percentile
from load.read.evening import Appended, evening
from load.read.projecting import _FLOOR, _INDEXED, _bare, _indexed, _timed
from local_stack.ports import unused_port
from order_contracts.channels import PARTITIONS
from projector.schema import migrate

SCHEMA = "read_models"


def arguments(parser: ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--rebuilt", type=int, default=300_000, help="events that are rebuilt")
    parser.add_argument("--then", nargs="*", choices=["rebuild", "verify"], default=["rebuild", "verify"],
                        help="what is done under load, once the log was rebuilt alone")  # fmt: skip
    parser.add_argument("--coming", type=int, default=200, help="events a second that come meanwhile")


def measure(backing: Backing, asked: Namespace) -> dict[str, Any]:
    """Write a log; rebuild it alone; rebuild and verify it under load."""
    return asyncio.run(_measure(backing, asked.rebuilt, asked.coming, asked.then))


def table(result: dict[str, Any]) -> Iterator[str]:
    """Put it in words."""
    floor = result["floor: COPY, indexed"]["events/s"]
    yield f"{result['events']:,} events; bare COPY {result['floor: COPY, no index']['events/s']:,.0f}/s, "
    yield f"COPY into orders with its indexes {floor:,.0f}/s, one process each"
    for name, one in (("alone", result["alone"]), ("under load", result.get("rebuild"))):
        if one is None:
            continue
        rate = one["filled"] / one["fill_seconds"]
        yield f"rebuild {name}: {one['filled']:,} records in {one['seconds']:.1f} s"
        yield f"  filled in {one['fill_seconds']:.1f} s: {rate:,.0f}/s, {rate / floor:.2f} of the indexed floor"
        yield f"  indexes {one['index_seconds']:.1f} s, swap {one['swap_seconds'] * 1000:.0f} ms"
        yield f"  {one['cpu_us']:.0f} µs of CPU an event"
    if one := result.get("verify"):
        yield f"verify under load: equal={one['equal']}, {one['records']:,} records, {sum(one['rows'].values()):,} rows"
        yield f"  in {one['seconds']:.1f} s, {one['records'] / one['seconds']:,.0f} records/s"
        yield f"  {one['fill_seconds']:.1f} s to fill, {one['compare_seconds']:.1f} s to compare"
        yield f"  {one['cpu_us']:.0f} µs of CPU an event"
    yield "a reader meanwhile: " + ", ".join(f"{what} {value:,.1f}" for what, value in result["reader"].items())


async def _measure(backing: Backing, length: int, coming: int, then: list[str]) -> dict[str, Any]:
    topic, database = backing.topic(PARTITIONS), backing.database()
    log = evening(length + 120 * coming)
    floors = await _floors(backing, list(evening(35_000)))
    await _append(backing.kafka, topic, islice(log, length))
    print(f"{length:,} events written", flush=True)
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": backing.kafka,
        "ORDERS_TOPIC": topic,
        "DATABASE_URL": database,
        "HTTP_PORT": str(unused_port()),
        "LOG_LEVEL": "error",
    }
    alone = await _operate(backing, environment, "rebuild")
    async with _projecting(environment), _coming(backing.kafka, topic, log, coming), _reading(database) as reader:
        busy = {command: await _operate(backing, environment, command) for command in then}
    backing.drop_databases()
    return {"events": length, **floors, "alone": alone, **busy, "reader": reader}


async def _append(kafka: str, topic: str, records: Iterable[Appended]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, acks=1, linger_ms=20, max_batch_size=512 * 1024, enable_idempotence=False
    ) as producer:
        for one in records:
            await producer.send(topic, one.value, one.key, partition=one.partition, headers=list(one.headers))
        await producer.flush()


async def _floors(backing: Backing, records: list[Appended]) -> dict[str, dict[str, float]]:
    address = backing.database()
    migrate(address, SCHEMA)
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(_FLOOR.format("bare", "text"))
        await connection.execute(_INDEXED)
        pid = backing.run.programs["postgres"].pid
        return {
            "floor: COPY, no index": await _timed(pid, records, 5000, lambda batch: _bare(connection, batch)),
            "floor: COPY, indexed": await _timed(pid, records, 5000, lambda batch: _indexed(connection, batch)),
        }
    finally:
        await connection.close()


async def _operate(backing: Backing, environment: dict[str, str], command: str) -> dict[str, Any]:
    """Run an operator's command; CPU is its own, its workers' and Postgres's."""
    before = cpu_seconds({"postgres": backing.run.programs["postgres"].pid})["postgres"]
    ours = sum(os.times()[2:4])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "projector", command, "--json", env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {process.returncode}")
    result: dict[str, Any] = json.loads(said)
    spent = cpu_seconds({"postgres": backing.run.programs["postgres"].pid})["postgres"] - before
    spent += sum(os.times()[2:4]) - ours
    figures = {**result, "cpu_us": spent / result["records"] * 1e6}
    print(f"{command}: {json.dumps(figures)}", flush=True)
    return figures


@asynccontextmanager
async def _projecting(environment: dict[str, str]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "projector", "run", env=environment)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _coming(kafka: str, topic: str, log: Iterator[Appended], rate: int) -> AsyncIterator[None]:
    async def append() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=False) as producer:
            began = time.monotonic()
            for number, one in enumerate(log):
                await producer.send(topic, one.value, one.key, partition=one.partition, headers=list(one.headers))
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))

    task = asyncio.create_task(append())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _reading(database: str) -> AsyncIterator[dict[str, float]]:
    """Ask for a venue's open orders and position all the time, as a screen that comes back does."""
    spans: list[float] = []
    figures: dict[str, float] = {}

    async def read() -> None:
        connection = await asyncpg.connect(database, server_settings={"search_path": SCHEMA})
        try:
            while True:
                began = time.perf_counter()
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.fetch("SELECT next FROM positions WHERE partition = 1")
                    await connection.fetch("SELECT document FROM orders WHERE venue_id = 'venue-1' LIMIT 50")
                spans.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.02)
        finally:
            await connection.close()

    task = asyncio.create_task(read())
    try:
        yield figures
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        figures |= {"snapshots": len(spans), "p99 ms": percentile(spans, 0.99), "longest ms": max(spans, default=0.0)}
