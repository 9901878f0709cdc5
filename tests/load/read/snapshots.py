"""What 2,000 screens cost that come back at once: loads asked of Postgres, and how long the last of them waits.

Beside it in the same run: the floor, as many requests that ask nobody (/livez), and each screen asking Postgres itself.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import uvloop

from infra.query_client import SECRET, token
from infra.services import Backing
from load.bench import CLIENT_CORE, SERVER_CORE, medians, percentile, pin
from local_stack.ports import unused_port
from local_stack.readiness import answers_ok
from order_contracts.channels import PARTITIONS
from projector.queries.rows import Rows
from projector.queries.snapshots import Snapshots
from projector.schema import migrate

SCHEMA = "read_models"
_POSITIONS = "INSERT INTO positions SELECT n, '0123abcd', 0, NULL FROM generate_series(0, $1) AS n"
_ORDERS = """
INSERT INTO orders (order_id, venue_id, organization_id, version, head, status, created_at, updated_at, document, pace)
SELECT n::text, 'venue-' || n % $1, 'org-1', 3, n::text, (ARRAY['placed', 'accepted', 'preparing', 'ready'])[1 + n % 4],
       now(), now(), ('{"order_id":"' || n || '","notes":"' || repeat(md5(n::text), 25) || '"}')::json, '[]'
FROM generate_series(1, $2) AS n
"""
_COUNTS = "INSERT INTO venue_status_counts SELECT DISTINCT venue_id, 'placed', 'org-1', 1 FROM orders"


def arguments(parser: ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--screens", type=int, default=2_000)
    parser.add_argument("--venues", type=int, default=20)
    parser.add_argument("--open-orders", type=int, default=30, help="a venue")
    parser.add_argument("--storms", type=int, default=5)


def measure(backing: Backing, asked: Namespace) -> dict[str, Any]:
    """Serve in a process of its own, and let all screens ask at the same moment, again and again."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    database_url = backing.database()
    migrate(database_url, SCHEMA)
    port = unused_port()
    environment = {"DATABASE_URL": database_url, "HTTP_PORT": str(port), "JWT_SECRET": SECRET, "LOG_LEVEL": "warning"}
    serving = subprocess.Popen([sys.executable, "-m", "projector", "serve"], env={**os.environ, **environment})
    try:
        return uvloop.run(_measure(database_url, port, serving.pid, asked))
    finally:
        serving.terminate()
        serving.wait(20)


def table(result: dict[str, Any]) -> Iterator[str]:
    """Put it in words."""
    yield f"{result['screens']} screens of {result['venues']} venues at once, {result['kilobytes']:.0f} KB each"
    for name in ("snapshots", "floor: /livez", "each asks Postgres"):
        yield f"  {name:<20} " + "  ".join(f"{what} {value:,.2f}" for what, value in result[name].items())
    yield f"  {result['loads_a_venue_and_second']:.2f} loads a venue and second"


async def _measure(database_url: str, port: int, pid: int, asked: Namespace) -> dict[str, Any]:
    await _fill(database_url, asked)
    while not await asyncio.to_thread(answers_ok, port, "/readyz"):
        await asyncio.sleep(0.1)
    pin(pid, SERVER_CORE)
    pin(os.getpid(), CLIENT_CORE)
    bearer = f"Authorization: Bearer {token('*')}\r\n"
    paths = [f"/v1/venues/venue-{n % asked.venues}/snapshot" for n in range(asked.screens)]
    storms, floors, directs = [], [], []
    size, loads, seconds = 0, 0.0, 0.0
    for _ in range(asked.storms):
        await asyncio.sleep(1.2)  # the last storm's snapshots are too old by now
        before, began = await _loads(port), time.perf_counter()
        storm, size = await _storm(port, paths, bearer)
        seconds += time.perf_counter() - began
        loads += await _loads(port) - before
        storms.append(storm)
        floors.append((await _storm(port, ["/livez"] * asked.screens, ""))[0])
        directs.append(await _direct(database_url, asked))
    # A storm that is over within a second may load each venue once, and once more in each second after that.
    allowed = asked.venues * (asked.storms + seconds)
    return {
        "screens": asked.screens,
        "venues": asked.venues,
        "kilobytes": size / 1000,
        "snapshots": medians(storms),
        "floor: /livez": medians(floors),
        "each asks Postgres": medians(directs),
        "loads": loads,
        "loads_a_venue_and_second": loads / allowed,
    }


async def _storm(port: int, paths: list[str], bearer: str) -> tuple[dict[str, float], int]:
    streams = []
    for first in range(0, len(paths), 100):  # the listening socket's queue is short
        opening = (asyncio.open_connection("127.0.0.1", port) for _ in paths[first : first + 100])
        streams += await asyncio.gather(*opening)
    began = time.perf_counter()
    asking = (_ask(*stream, path, bearer, began) for stream, path in zip(streams, paths, strict=True))
    answers = await asyncio.gather(*asking)
    for _, writer in streams:
        writer.close()
    seconds = [one for one, _ in answers]
    return _figures(seconds), max(size for _, size in answers)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, bearer: str, began: float
) -> tuple[float, int]:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode())
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return time.perf_counter() - began, length


async def _direct(database_url: str, asked: Namespace) -> dict[str, float]:
    async with asyncpg.create_pool(
        database_url, min_size=10, max_size=10, server_settings={"search_path": SCHEMA}
    ) as pool:
        snapshots = Snapshots(Rows(pool, acquire_seconds=60), PARTITIONS)
        began = time.perf_counter()

        async def one(number: int) -> float:
            await snapshots.load(f"venue-{number % asked.venues}")
            return time.perf_counter() - began

        return _figures(list(await asyncio.gather(*map(one, range(asked.screens)))))


def _figures(seconds: list[float]) -> dict[str, float]:
    return {"p50_ms": percentile(seconds, 0.5) * 1e3, "p99_ms": percentile(seconds, 0.99) * 1e3}


async def _loads(port: int) -> float:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return sum(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("query_api_snapshot_loads_total")
    )


async def _fill(database_url: str, asked: Namespace) -> None:
    connection = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    try:
        await connection.execute(_POSITIONS, PARTITIONS - 1)
        await connection.execute(_ORDERS, asked.venues, asked.venues * asked.open_orders)
        await connection.execute(_COUNTS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
