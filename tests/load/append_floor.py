"""The floor: a bare aiokafka producer that appends the same bytes with acks=all, 64 in flight, nothing else.

`python -m load.append_floor BOOTSTRAP TOPIC PARTITIONS SECONDS` prints as JSON how many it appended, the CPU seconds
from the first record on, and those of them that the kernel took.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from time import monotonic

import psutil
import uvloop
from aiokafka import AIOKafkaProducer

from infra.pos_client import order_body
from load.bench import SERVER_CORE
from order_api.bodies import PlaceOrder
from order_api.commands import Place
from order_api.decide import Decision, decide
from order_contracts.events import Event, timestamp
from order_contracts.wire import write_record

_IN_FLIGHT = 64


def record() -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Give the record that order-api appends for the bench's order."""
    now = datetime.now(UTC)
    body = PlaceOrder.model_validate(order_body(business_date=now.date().isoformat())).order()
    decision = decide(None, Place("o" * 36, "bench-1", "org-1", body), now)
    if not isinstance(decision, Decision):
        raise TypeError(decision)
    event = Event(
        id="e" * 36,
        type="order.placed.v1",
        order_id="o" * 36,
        venue_id="bench-1",
        organization_id="org-1",
        version=1,
        time=timestamp(now),
        actor="test-pos",
        change={**decision.change, "version": 1, "updated_at": timestamp(now)},
    )
    key, value, headers = write_record(event, stations=decision.stations, not_after=2**41, fingerprint="f" * 32)
    return key, value, [(name, text.encode()) for name, text in headers.items()]


async def append(
    bootstrap_servers: str, topic: str, partitions: int, seconds: float
) -> tuple[int, tuple[float, float]]:
    """Append until the time is up; give how many were acknowledged, and the user and system seconds that it took."""
    key, value, headers = record()
    done, process = 0, psutil.Process()
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", linger_ms=0, enable_idempotence=False
    ) as producer:
        before, ends = process.cpu_times(), monotonic() + seconds

        async def one_after_the_other(lane: int) -> None:
            nonlocal done
            while monotonic() < ends:
                await producer.send_and_wait(topic, value, key=key, partition=lane % partitions, headers=headers)
                done += 1

        await asyncio.gather(*(one_after_the_other(lane) for lane in range(_IN_FLIGHT)))
        after = process.cpu_times()
    return done, (after.user - before.user, after.system - before.system)


if __name__ == "__main__":
    psutil.Process().cpu_affinity([SERVER_CORE])
    bootstrap, name, count, duration = sys.argv[1:]
    appended, spent = uvloop.run(append(bootstrap, name, int(count), float(duration)))
    json.dump({"appended": appended, "cpu": sum(spent), "kernel": spent[1]}, sys.stdout)
