"""A projector process on a real log: how fast it catches up, and how long an event takes from the log to a visible row.

A 200-restaurant peak is 37 events/s (docs/decisions/0053): 300 orders a restaurant on a busy day, 7 events each, 8 %
of them in the busiest quarter of an hour.
"""

import asyncio
import os
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.services import Backing
from load.bench import cpu_seconds, percentile
from load.read.evening import Appended, evening
from local_stack.ports import unused_port
from order_contracts.channels import PARTITIONS

PEAK = 37.0
RATE = 500
_POLL = 0.002
_ENDS = "SELECT partition, next FROM positions"


def arguments(parser: ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--behind", type=int, default=70_000, help="events to catch up with")
    parser.add_argument("--seconds", type=int, default=20, help=f"of {RATE} events/s, for the lag")


def measure(backing: Backing, asked: Namespace) -> dict[str, Any]:
    """Let a projector catch up with a log, then append to it at a steady rate."""
    records = list(evening(asked.behind + RATE * asked.seconds))
    topic = backing.topic(PARTITIONS)
    environment = {"KAFKA_BOOTSTRAP_SERVERS": backing.kafka, "ORDERS_TOPIC": topic, "DATABASE_URL": backing.database()}
    asyncio.run(_append(backing.kafka, topic, records[: asked.behind]))
    with _projector(environment) as process:
        pids = {"python": process.pid, "postgres": backing.run.programs["postgres"].pid}
        caught_up = asyncio.run(_caught_up(environment["DATABASE_URL"], asked.behind, pids))
        lag = asyncio.run(_lag(backing.kafka, topic, environment["DATABASE_URL"], records[asked.behind :]))
    backing.drop_databases()
    return {"catching up": caught_up, f"lag at {RATE} events/s": lag}


def table(result: dict[str, Any]) -> Iterator[str]:
    """Put it in words."""
    for name, figures in result.items():
        yield f"  {name:<24} " + "  ".join(f"{what} {value:,.1f}" for what, value in figures.items())


@contextmanager
def _projector(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    more = {"HTTP_PORT": str(unused_port()), "LOG_LEVEL": "warning"}
    process = subprocess.Popen([sys.executable, "-m", "projector", "run"], env={**os.environ, **environment, **more})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def _append(kafka: str, topic: str, records: Sequence[Appended], rate: float | None = None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0 if rate else 20)
    await producer.start()
    began, sent = time.perf_counter(), []
    try:
        for number, record in enumerate(records):
            if rate:
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            headers = list(record.headers)
            sent.append(await producer.send(topic, record.value, record.key, record.partition, headers=headers))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _caught_up(address: str, records: int, pids: dict[str, int]) -> dict[str, float]:
    """Count from the first committed batch to the last: the start is not part of the rate."""
    connection, done, first, began, spent = None, 0, 0, 0.0, {}
    while done < records:
        await asyncio.sleep(0.05)
        try:
            connection = connection or await _connect(address)
            done = await connection.fetchval("SELECT coalesce(sum(next), 0)::bigint FROM positions")
        except (asyncpg.PostgresError, OSError):
            continue
        if done and not first:
            first, began, spent = done, time.perf_counter(), cpu_seconds(pids)
    seconds, after = time.perf_counter() - began, cpu_seconds(pids)
    await connection.close()
    counted = records - first
    each = {f"{name} us": (after[name] - spent[name]) / counted * 1e6 for name in pids}
    return {"events/s": counted / seconds, "times a 200-restaurant peak": counted / seconds / PEAK, **each}


async def _lag(kafka: str, topic: str, address: str, records: Sequence[Appended]) -> dict[str, float]:
    """Compare when the log took each record with when a reader of the rows sees its position passed."""
    appending = asyncio.create_task(_append(kafka, topic, records, RATE))
    connection = await _connect(address)
    ends = {row["partition"]: row["next"] for row in await connection.fetch(_ENDS)}
    target = sum(ends.values()) + len(records)
    seen: dict[tuple[int, int], float] = {}
    while sum(ends.values()) < target:
        rows, now = await connection.fetch(_ENDS), time.time()
        for partition, end in rows:
            seen.update(((partition, offset), now) for offset in range(ends[partition], end))
            ends[partition] = end
        await asyncio.sleep(_POLL)
    await appending
    await connection.close()
    appended = await _append_times(kafka, topic, set(seen))
    lags = [now - appended[place] for place, now in seen.items()][RATE:]  # the first second warms up
    return {f"p{share * 100:g} ms": percentile(lags, share) * 1e3 for share in (0.5, 0.99, 0.999)}


async def _append_times(kafka: str, topic: str, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], float]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="none")
    await consumer.start()
    try:
        first = dict(sorted(wanted, reverse=True))  # the lowest offset of each comes last
        consumer.assign([TopicPartition(topic, partition) for partition in first])
        for partition, offset in first.items():
            consumer.seek(TopicPartition(topic, partition), offset)
        times: dict[tuple[int, int], float] = {}
        while len(times) < len(wanted):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                times |= {(record.partition, record.offset): record.timestamp / 1000 for record in records}
        return times
    finally:
        await consumer.stop()


async def _connect(address: str) -> asyncpg.Connection:
    return await asyncpg.connect(address, server_settings={"search_path": "read_models"})
