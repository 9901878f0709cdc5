"""`make bench AREA=cost`: what a poll, a delivery, a connection and a handshake cost, with the real services.

One replica of each on this machine; CPU seconds are those of the service's own process, before and after. What is
read off here goes into the cost planner (deploy/cost), which multiplies; nothing here is a price or a guess.
"""

import argparse
import asyncio
import json
import platform
from datetime import UTC, datetime

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

from infra.services import state_folder
from load.bench import cpu_seconds, load, write
from load.http_load import Task
from local_stack.ports import HOST
from local_stack.stack import Stack, StackOptions
from scanserve_client import OrderClient

VENUE = "venue-1"
LIFE = ("accept", "start", "ready", "complete")


class Screen:
    """One raw Engine.IO connection that counts what it is sent: the cheapest client there is, so that many fit here."""

    def __init__(self) -> None:
        self.frames = self.bytes = self.events = 0

    async def open(self, url: str, token: str) -> None:
        """Connect, say who it is, and enter the room."""
        self._socket: ClientConnection = await connect(
            f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket", compression=None
        )
        await self._socket.recv()
        await self._socket.send("40" + json.dumps({"token": token}))
        await self._until("40")
        await self._socket.send("420" + json.dumps(["subscribe", {"room": f"venue:{VENUE}"}]))
        await self._until("430")
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await self._socket.close()

    async def _until(self, start: str) -> None:
        while not str(await self._socket.recv()).startswith(start):
            pass

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame == "2":
                await self._socket.send("3")
            elif isinstance(frame, str) and '"batchOrderUpdates"' in frame[:30]:
                self.frames += 1
                self.bytes += len(frame.encode())
                self.events += len(json.loads(frame[2:])[1])


class Meter:
    """CPU seconds and resident bytes of the stack's processes."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: dict[str, float] = {}

    def pids(self) -> dict[str, int]:
        """Name those that matter here."""
        names = ("order-api-1", "projector-1", "query-1", "notifier-1", "postgres")
        return {name: self._stack.processes[name].pid for name in names if name in self._stack.processes}

    def start(self) -> None:
        """Begin to count."""
        self._before = cpu_seconds(self.pids())

    def spent(self) -> dict[str, float]:
        """Give CPU seconds since then."""
        return {name: now - self._before[name] for name, now in cpu_seconds(self.pids()).items()}

    def resident(self, name: str) -> int:
        """Give a process's memory, bytes."""
        return int(psutil.Process(self.pids()[name]).memory_info().rss)


def order(number: int) -> dict[str, object]:
    """Give an order of two lines."""
    lines = [
        {"name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, "currency": "EUR"}},
        {"name": "Insalata mista", "quantity": "1", "unit_price": {"amount": 620, "currency": "EUR"}},
    ]
    day = datetime.now(UTC).date().isoformat()
    return {"business_date": day, "channel": "qr", "display_number": f"A-{number}", "items": lines}


async def polls(stack: Stack, meter: Meter, token: str, seconds: float) -> dict[str, float]:
    """Count whole polls and, where the service gives an ETag, polls that are answered 304."""
    path = f"/v1/venues/{VENUE}/snapshot"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.query_urls[0], headers=headers) as http:
        answer = await http.get(path)
        etag = answer.headers.get("etag")
        seen = {"poll_bytes": _size(answer), "poll_request_bytes": _request_size(answer)}
        if etag is not None:
            seen["unchanged_bytes"] = _size(await http.get(path, headers={"If-None-Match": etag}))
    port = stack.plan.ports["query-1"]
    head = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}"
    for name, more in [("poll", ""), *([("unchanged", f"\r\nIf-None-Match: {etag}")] if etag else [])]:
        task = Task(HOST, port, head + more, "", connections=8, seconds=seconds)
        await asyncio.to_thread(load, Task(HOST, port, head + more, "", connections=8, seconds=1.0))
        meter.start()
        outcome = await asyncio.to_thread(load, task)
        spent = meter.spent()
        seen[f"{name}_cpu"] = spent["query-1"] / outcome.requests
        seen[f"{name}_database_cpu"] = spent["postgres"] / outcome.requests
        seen[f"{name}s_a_second"] = outcome.requests / outcome.seconds
    return seen


def _size(answer: httpx.Response) -> float:
    return len(answer.content) + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) + 19


def _request_size(answer: httpx.Response) -> float:
    return sum(len(n) + len(v) + 4 for n, v in answer.request.headers.raw) + len(answer.request.url.raw_path) + 16


async def screens(stack: Stack, meter: Meter, token: str, count: int, seconds: float) -> dict[str, float]:
    """Count handshakes, memory, idle time and deliveries of so many screens in one room."""
    meter.start()
    await asyncio.sleep(seconds)
    alone = meter.spent()["notifier-1"] / seconds
    before = meter.resident("notifier-1")
    all_of_them = [Screen() for _ in range(count)]
    meter.start()
    began = asyncio.get_running_loop().time()
    for start in range(0, count, 25):
        await asyncio.gather(*(s.open(stack.notifier_urls[0], token) for s in all_of_them[start : start + 25]))
    took = asyncio.get_running_loop().time() - began
    shaken = (meter.spent()["notifier-1"] - alone * took) / count
    memory = (meter.resident("notifier-1") - before) / count
    meter.start()
    await asyncio.sleep(2 * seconds)
    idle = max(0.0, meter.spent()["notifier-1"] / (2 * seconds) - alone) / count
    meter.start()
    began = asyncio.get_running_loop().time()
    sent = await orders(stack, token, seconds)
    await asyncio.sleep(1.0)
    took = asyncio.get_running_loop().time() - began
    spent = meter.spent()
    frames, events = sum(s.frames for s in all_of_them), sum(s.events for s in all_of_them)
    await asyncio.gather(*(s.close() for s in all_of_them))
    if events < sent * count:
        raise RuntimeError(f"{count} screens were sent {events} events, {sent * count} are due")
    return {
        "screens": count,
        "handshake_cpu": shaken,
        "connection_bytes": memory,
        "connection_cpu": idle,
        "delivery_cpu": (spent["notifier-1"] - (alone + idle * count) * took) / frames,
        "delivery_bytes": sum(s.bytes for s in all_of_them) / frames,
        "events_a_delivery": events / frames,
        "order_api_event_cpu": spent["order-api-1"] / sent,
        "projector_event_cpu": spent["projector-1"] / sent,
        "notifier_alone_cpu": alone,
        "notifier_bytes": before,
    }


async def orders(stack: Stack, token: str, seconds: float, first: int = 1000) -> int:
    """Carry orders through their lives for so long, some five events a second; give the number of events."""
    client = OrderClient(stack.order_api_urls, token)
    sent, ends = 0, asyncio.get_running_loop().time() + seconds

    async def one(number: int) -> int:
        placed = await client.place(VENUE, order(number), key=f"cost-{number}")
        done = 1
        for verb in LIFE:
            await asyncio.sleep(0.25)  # so that a batch holds one event, as on most evenings
            await client.act(VENUE, placed.document["order_id"], verb, None, key=f"cost-{number}-{verb}")
            done += 1
        return done

    running: list[asyncio.Task[int]] = []
    while asyncio.get_running_loop().time() < ends:
        running.append(asyncio.create_task(one(first + len(running))))
        await asyncio.sleep(1.0)
    sent = sum(await asyncio.gather(*running))
    await client.close()
    return sent


async def measured(screen_count: int, open_orders: int, seconds: float) -> dict[str, object]:
    """Run the whole of it."""
    with state_folder() as folder:
        async with Stack(StackOptions(folder, order_apis=1, notifiers=1)) as stack:
            token, meter = stack.token(venues=[VENUE]), Meter(stack)
            client = OrderClient(stack.order_api_urls, token)
            for number in range(open_orders):
                await client.place(VENUE, order(number), key=f"open-{number}")
            await client.close()
            await asyncio.sleep(2.0)
            polled = await polls(stack, meter, token, seconds)
            followed = await screens(stack, meter, token, screen_count, seconds)
    machine = {"processor": platform.machine(), "cores": psutil.cpu_count(), "python": platform.python_version()}
    return {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "open_orders": open_orders} | {
        "figures": {name: round(value, 9) for name, value in (polled | followed).items()}
    }


def main() -> None:
    """Measure, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser("load.cost", description="What a poll, a delivery and a connection cost.")
    parser.add_argument("--screens", type=int, default=300)
    parser.add_argument("--open-orders", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=8.0)
    asked = parser.parse_args()
    results = asyncio.run(measured(asked.screens, asked.open_orders, asked.seconds))
    print(json.dumps(results, indent=1))
    print(f"written to {write('cost', results)}")


if __name__ == "__main__":
    main()
