"""What following costs: opening, memory, listening, and each batch; for a kind of client, on a replica of its own."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from load.cost.clients import VENUE, Client
from load.cost.meter import Meter
from local_stack.stack import Stack
from scanserve_client import OrderClient

LIFE = ("accept", "start", "ready", "complete")


@dataclass(frozen=True)
class Following:
    """So many clients of a kind on one replica. `key` tells its orders from another measurement's."""

    kind: type[Client]
    replica: int
    count: int
    seconds: float
    key: str


async def followed(stack: Stack, meter: Meter, token: str, asked: Following) -> dict[str, float]:
    """Measure one kind. CPU in seconds of one core, sizes in bytes."""
    name, url = f"notifier-{asked.replica}", stack.notifier_urls[asked.replica - 1]
    clock, seconds, count = asyncio.get_running_loop().time, asked.seconds, asked.count
    meter.start()
    await asyncio.sleep(seconds)
    alone = meter.spent()[name] / seconds
    before = meter.resident(name)
    clients = [asked.kind() for _ in range(count)]
    meter.start()
    began = clock()
    for start in range(0, count, 25):
        await asyncio.gather(*(one.open(url, token) for one in clients[start : start + 25]))
    opened = (meter.spent()[name] - alone * (clock() - began)) / count
    memory = (meter.resident(name) - before) / count
    meter.start()
    await asyncio.sleep(2 * seconds)
    idle = max(0.0, meter.spent()[name] / (2 * seconds) - alone) / count
    meter.start()
    began = clock()
    sent = await orders(stack, token, seconds, asked.key)
    await asyncio.sleep(1.0)
    took = clock() - began
    spent = meter.spent()
    frames, events = sum(one.frames for one in clients), sum(one.events for one in clients)
    await asyncio.gather(*(one.close() for one in clients))
    if events < sent * count:
        raise RuntimeError(f"{count} clients were sent {events} events, {sent * count} are due")
    return {
        "handshake_cpu": opened,
        "connection_bytes": memory,
        "connection_cpu": idle,
        "delivery_cpu": (spent[name] - (alone + idle * count) * took) / frames,
        "delivery_bytes": sum(one.bytes for one in clients) / frames,
        "events_a_delivery": events / frames,
        "order_api_event_cpu": spent["order-api-1"] / sent,
        "projector_event_cpu": spent["projector-1"] / sent,
        "notifier_alone_cpu": alone,
        "notifier_bytes": before,
    }


def order(number: int) -> dict[str, object]:
    """Give an order of two lines."""
    lines = [
        {"name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, "currency": "EUR"}},
        {"name": "Insalata mista", "quantity": "1", "unit_price": {"amount": 620, "currency": "EUR"}},
    ]
    day = datetime.now(UTC).date().isoformat()
    return {"business_date": day, "channel": "qr", "display_number": f"A-{number}", "items": lines}


async def orders(stack: Stack, token: str, seconds: float, name: str) -> int:
    """Carry orders through their lives for so long, some five events a second; give the number of events."""
    client = OrderClient(stack.order_api_urls, token)
    sent, ends = 0, asyncio.get_running_loop().time() + seconds

    async def one(number: int) -> int:
        placed = await client.place(VENUE, order(number), key=f"{name}-{number}")
        done = 1
        for verb in LIFE:
            await asyncio.sleep(0.25)  # so that a batch holds one event, as on most evenings
            await client.act(VENUE, placed.document["order_id"], verb, None, key=f"{name}-{number}-{verb}")
            done += 1
        return done

    running: list[asyncio.Task[int]] = []
    while asyncio.get_running_loop().time() < ends:
        running.append(asyncio.create_task(one(1000 + len(running))))
        await asyncio.sleep(1.0)
    sent = sum(await asyncio.gather(*running))
    await client.close()
    return sent
