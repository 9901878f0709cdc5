"""From an append to the screen, through a real broker and the notifier's own process: no POST, nothing left out."""

import argparse
import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from infra.notifier_process import NotifierProcess
from infra.services import Backing, backing_servers, state_folder
from load.bench import CLIENT_CORE, SERVER_CORE, pin
from load.realtime.contestants import contestants
from load.realtime.fanning import Rows
from load.realtime.servers import BUILD, Running, Swarm
from local_stack.readiness import answers_ok
from order_contracts.arbiter import NOT_AFTER_MS
from order_contracts.channels import PARTITIONS, partition_of
from order_contracts.events import Event, timestamp
from order_contracts.wire import write_record

SCREENS, ROOMS = 1000, 100
_RATES = (100, 500, 1000)


def through_kafka(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Append at steady rates; times go from before the producer's send to the screen, window included."""
    rows: Rows = {}
    with state_folder() as folder, backing_servers(folder) as backing:
        pin(backing.run.programs["kafka"].pid, CLIENT_CORE)
        for rate in _RATES:
            rows[f"{rate} events/s"] = [asyncio.run(_measured(backing, rate, asked.seconds))]
    yield f"through Kafka: {SCREENS:,} screens, {SCREENS // ROOMS} a room, windows of 100 ms", rows


async def _measured(backing: Backing, rate: float, seconds: float) -> dict[str, float]:
    topic = backing.topic(PARTITIONS)
    producer = AIOKafkaProducer(bootstrap_servers=backing.kafka, acks="all")
    await producer.start()
    environment = {"ORDERS_PARTITIONS": str(PARTITIONS), "CONNECTS_PER_SECOND": "1e6"}
    notifier = NotifierProcess(backing.kafka, topic, BUILD / "notifier.log", environment)
    try:
        for room in range(ROOMS):  # a token for all venues opens those that the log knows
            await _append(producer, topic, f"v{room}", f"first-{room}")
        await asyncio.to_thread(_started, notifier)
        server = Running(contestants()["ours"], notifier.process.pid, notifier.port, 0)
        connecting = server.swarm(screens=SCREENS, rooms=ROOMS, rate=0, seconds=seconds)
        swarm = await asyncio.to_thread(connecting.__enter__)
        try:
            return await _fed(server, swarm, producer, topic, rate=rate, seconds=seconds)
        finally:
            connecting.__exit__(None, None, None)
    finally:
        notifier.kill()
        await producer.stop()


def _started(notifier: NotifierProcess) -> None:
    notifier.start()
    deadline = time.monotonic() + 30
    while not answers_ok(notifier.port, "/readyz"):
        if notifier.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the notifier does not start: see {notifier.log}")
        time.sleep(0.1)
    pin(notifier.process.pid, SERVER_CORE)


async def _fed(
    server: Running, swarm: Swarm, producer: AIOKafkaProducer, topic: str, *, rate: float, seconds: float
) -> dict[str, float]:
    before, began, sending = server.cpu(), time.monotonic(), set[asyncio.Task[None]]()
    swarm.begin()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        task = asyncio.create_task(_append(producer, topic, f"v{number * 37 % ROOMS}", f"o{number}"))
        sending.add(task)
        task.add_done_callback(sending.discard)
    seen = await asyncio.to_thread(swarm.end)
    spent = server.cpu() - before
    return {
        "CPU-s per million": spent / max(1, seen["deliveries"]) * 1e6,
        "deliveries/s": seen["deliveries"] / seconds,
        "core %": spent / seconds * 100,
        "p50 ms": seen["p50"],
        "p99 ms": seen["p99"],
    }


async def _append(producer: AIOKafkaProducer, topic: str, venue_id: str, order_id: str) -> None:
    change = {"t": time.monotonic_ns(), "id": order_id, "pad": "x" * 250}  # `t` is what the swarm reads
    event = Event(
        id=f"{order_id}-1",
        type="order.placed.v1",
        order_id=order_id,
        venue_id=venue_id,
        organization_id="o1",
        version=1,
        time=timestamp(datetime.now(UTC)),
        actor="bench",
        change=change,
    )
    not_after = int(time.time() * 1000) + NOT_AFTER_MS
    key, value, headers = write_record(event, stations=(), not_after=not_after, fingerprint="bench")
    raw = [(name, text.encode()) for name, text in headers.items()]
    await producer.send_and_wait(topic, value, key, partition_of(venue_id, PARTITIONS), headers=raw)
