"""How long a replica of order-api takes from its start to ready, from the log and from the rows, and what it weighs.

make bench AREA=boot ARGS="--events 1000000"
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
import psutil
from aiokafka import AIOKafkaProducer

from infra.pos_client import SECRET, order_body
from infra.services import Backing, backing_servers, state_folder
from local_stack.ports import unused_port
from local_stack.readiness import answers_ok
from order_contracts.channels import PARTITIONS, partition_of
from order_contracts.events import Event
from order_contracts.ids import event_id_for, order_id_for
from order_contracts.wire import write_record

VENUES = 200
LIFE = ("placed", "accepted", "started", "item_ready", "item_ready", "ready", "completed")
SCHEMA = "read_models"


@dataclass(frozen=True)
class Boot:
    """One start: seconds until ready, CPU seconds until then, resident bytes then."""

    way: str
    seconds: float
    cpu_seconds: float
    resident: int


def life_of(number: int) -> Iterator[Event]:
    """Give the events of one order, of the size that order-api writes."""
    venue_id, parent = f"venue-{number % VENUES}", None
    order_id = order_id_for(venue_id, "bench", str(number), "2026-11-24")
    body = order_body()
    items = {line["line_id"]: {**line, "state": "new", "modifiers": []} for line in body.pop("items")}
    placed = {**body, "order_id": order_id, "venue_id": venue_id, "organization_id": "org-1", "items": items}
    placed |= {"payment": "unpaid", "placed_at": "2026-11-24T19:05:00.250Z"}
    for version, name in enumerate(LIFE, 1):
        moved = {"items": {"pizza": {"state": "ready"}}} if name == "item_ready" else {}
        change = {**(placed if version == 1 else moved), "status": name, "status_since": "2026-11-24T19:05:00.250Z"}
        event_id = event_id_for(order_id, str(version))
        yield Event(
            id=event_id,
            type=f"order.{name}.v1",
            order_id=order_id,
            venue_id=venue_id,
            organization_id="org-1",
            version=version,
            parent=parent,
            time="2026-11-24T19:05:00.250Z",
            actor="bench",
            change={**change, "version": version, "updated_at": "2026-11-24T19:05:00.250Z"},
        )
        parent = event_id


async def write(kafka: str, topic: str, events: int) -> int:
    """Append whole orders until there are so many events; give their bytes."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, acks=1, linger_ms=20, max_batch_size=512 * 1024, enable_idempotence=False
    )
    await producer.start()
    not_after, size, written = int(time.time() * 1000) + 3_600_000, 0, 0
    numbers = count()
    try:
        while written < events:
            # As on an evening: a hundred orders at a time, their events between each other's.
            for moment in zip(*(life_of(next(numbers)) for _ in range(100)), strict=True):
                for event in moment:
                    key, value, headers = write_record(event, stations=(), not_after=not_after, fingerprint="0" * 32)
                    raw = [(name, text.encode()) for name, text in headers.items()]
                    partition = partition_of(event.venue_id, PARTITIONS)
                    await producer.send(topic, value, key, partition=partition, headers=raw)
                    size, written = size + len(value), written + 1
        await producer.flush()
    finally:
        await producer.stop()
    return size


@contextmanager
def process(*command: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a service."""
    running = subprocess.Popen([sys.executable, "-m", *command], env={**os.environ, **environment})
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


async def project(common: dict[str, str], records: int) -> float:
    """Run a projector until it has all of them; give the seconds."""
    began = time.monotonic()
    with process("projector", "run", **common, HTTP_PORT=str(unused_port()), LOG_LEVEL="error", BATCH_RECORDS="5000"):
        done = 0
        while done < records:
            await asyncio.sleep(0.5)
            try:
                connection = await asyncpg.connect(common["DATABASE_URL"], server_settings={"search_path": SCHEMA})
                done = await connection.fetchval("SELECT sum(next) FROM positions") or 0
                await connection.close()
            except asyncpg.PostgresError:
                continue
    return time.monotonic() - began


def boot(way: str, common: dict[str, str]) -> Boot:
    """Start a replica and wait until it is ready."""
    environment = {**common, "HTTP_PORT": str(unused_port()), "LOG_LEVEL": "info"}
    if way != "rows":
        del environment["DATABASE_URL"]
    began = time.monotonic()
    with process("order_api", **environment) as running:
        while not answers_ok(int(environment["HTTP_PORT"]), "/readyz"):
            if running.poll() is not None or time.monotonic() - began > 600:
                raise SystemExit(f"order-api does not start from {way}")
            time.sleep(0.05)
        seconds, seen = time.monotonic() - began, psutil.Process(running.pid)
        cpu = seen.cpu_times()
        return Boot(way, seconds, cpu.user + cpu.system, seen.memory_info().rss)


def measure(backing: Backing, events: int, rounds: int) -> dict[str, object]:
    """Write, project, and boot in turn."""
    common = {"KAFKA_BOOTSTRAP_SERVERS": backing.kafka, "DATABASE_URL": backing.database(), "JWT_SECRET": SECRET}
    empty = boot("log", {**common, "ORDERS_TOPIC": backing.topic(PARTITIONS)})
    common["ORDERS_TOPIC"] = backing.topic(PARTITIONS)
    written = -(-events // (100 * len(LIFE))) * 100 * len(LIFE)
    size = asyncio.run(write(backing.kafka, common["ORDERS_TOPIC"], events))
    print(f"{written} events written, {size // written} bytes each")
    print(f"projected in {asyncio.run(project(common, written)):.0f} s")
    boots = [boot(way, common) for _ in range(rounds) for way in ("log", "rows")]
    backing.drop_databases()
    return {"events": written, "bytes_an_event": size / written, "empty": asdict(empty), "boots": [*map(asdict, boots)]}


def table(result: dict[str, object]) -> Iterator[str]:
    """Put it in words."""
    events, empty, orders = result["events"], Boot(**result["empty"]), result["events"] // len(LIFE)
    yield f"an empty log: ready in {empty.seconds:.1f} s, {empty.resident >> 20} MB"
    for way in ("log", "rows"):
        boots = [Boot(**one) for one in result["boots"] if one["way"] == way]
        seconds, cpu = median(b.seconds for b in boots), median(b.cpu_seconds for b in boots)
        weight = median(b.resident for b in boots) - empty.resident
        yield (
            f"{events} events from the {way}: ready in {seconds:.1f} s ({cpu:.1f} s of CPU), "
            f"{(seconds - empty.seconds) / events * 1e6:.1f} µs an event; "
            f"{weight / orders:.0f} bytes an order, {weight / events:.0f} an event of {result['bytes_an_event']:.0f}"
        )


def main() -> None:
    """Measure, print, and write build/bench/boot.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with state_folder() as folder, backing_servers(folder) as backing:
        result = measure(backing, arguments.events, arguments.rounds)
    result |= {"machine": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg(), "id": uuid4().hex}
    for line in table(result):
        print(line)
    target = Path("build/bench/boot.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
