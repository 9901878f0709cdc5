"""The two composite queries at growing sizes: p99, and the pages of 8 KB that they touch, with and without the indexes.

make bench AREA=read ARGS="lists"; the long one, some twenty minutes: ARGS="lists --orders 1000 1000000 10000000"
"""

import asyncio
import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import asyncpg

from infra.services import Backing
from load.bench import percentile
from projector.queries.order_lists import OrderList, list_of_organization, list_of_venue
from projector.queries.rows import Rows
from projector.schema import migrate

SCHEMA = "read_models"
LIMIT = 51
VENUES_AN_ORGANIZATION = 20
_INDEXES = {
    "idx_orders_venue_status_created": "venue_id, status, created_at DESC",
    "idx_orders_organization_status_created": "organization_id, status, created_at DESC",
}
# Orders of all venues mixed, as time brings them; one in a hundred is open. A document is some 600 bytes.
_FILL = """
INSERT INTO orders (order_id, venue_id, organization_id, version, head, status, channel, created_at, updated_at,
                    document, pace)
SELECT md5(n::text), 'venue-' || n % $1, 'org-' || (n % $1) / $2, 7, n::text,
       CASE WHEN n % 101 < 100 THEN 'completed' ELSE (ARRAY['placed', 'accepted', 'preparing', 'ready'])[1 + n % 4] END,
       'qr', moment, moment, ('{"order_id":"' || n || '","notes":"' || repeat(md5(n::text), 18) || '"}')::json, '[]'
FROM (SELECT n, '2026-01-01Z'::timestamptz + n * interval '300 ms' AS moment FROM generate_series($3::bigint, $4) AS n)
"""
_STEP = 500_000


@dataclass(frozen=True)
class Query:
    """One of the two, with its statuses."""

    name: str
    orders: OrderList
    owner: str
    statuses: tuple[str, ...]


_ROWS = Rows.__new__(Rows)  # only the statements are taken: they are asked on a connection of our own
QUERIES = (
    Query("venue, open", list_of_venue(_ROWS), "venue", ("placed", "accepted", "preparing", "ready")),
    Query("venue, completed", list_of_venue(_ROWS), "venue", ("completed",)),
    Query("organization, open", list_of_organization(_ROWS), "org", ("placed", "accepted", "preparing", "ready")),
    Query("organization, completed", list_of_organization(_ROWS), "org", ("completed",)),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000, 1_000_000], help="sizes of the lists' table")
    parser.add_argument("--asked", type=int, default=500, help="questions for a p99")


def measure(backing: Backing, asked: Namespace) -> dict[str, Any]:
    """Fill a table to each size, and ask it without the indexes and with them."""
    return {f"{size:,} orders": asyncio.run(_size(backing.database(), size, asked.asked)) for size in asked.orders}


def table(result: dict[str, Any]) -> Iterator[str]:
    """Put it in words."""
    for size, found in result.items():
        if isinstance(found, dict):
            yield f"{size}, {found['venues']} venues, {found['gigabytes']:.2f} GB with indexes"
            for name, figures in found["queries"].items():
                bare, indexed = figures["without"], figures["with"]
                yield (
                    f"  {name:<24} with {indexed['p50_ms']:7.2f} p50 {indexed['p99_ms']:8.2f} p99 ms"
                    f" {indexed['pages']:8,} pages   without {bare['p50_ms']:10.2f} ms {bare['pages']:10,} pages"
                )


async def _size(database_url: str, size: int, asked: int) -> dict[str, Any]:
    await asyncio.to_thread(migrate, database_url, SCHEMA)
    venues = max(20, size // 2_000)
    connection = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA, "jit": "off"})
    try:
        await _fill(connection, size, venues)
        queries: dict[str, dict[str, Any]] = {query.name: {} for query in QUERIES}
        for query in QUERIES:
            queries[query.name]["without"] = await _ask(connection, query, venues, max(3, min(20, 5_000_000 // size)))
        for name, columns in _INDEXES.items():
            await connection.execute(f"CREATE INDEX {name} ON orders({columns})")
        await connection.execute("VACUUM ANALYZE orders")
        for query in QUERIES:
            queries[query.name]["with"] = await _ask(connection, query, venues, asked)
        size_on_disk = await connection.fetchval("SELECT pg_total_relation_size('orders')")
    finally:
        await connection.close()
    return {"venues": venues, "gigabytes": size_on_disk / 1e9, "queries": queries}


async def _fill(connection: asyncpg.Connection, size: int, venues: int) -> None:
    await connection.execute(f"DROP INDEX {', '.join(_INDEXES)}, idx_orders_late")
    await connection.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders SET UNLOGGED")
    for first in range(1, size + 1, _STEP):
        await connection.execute(_FILL, venues, VENUES_AN_ORGANIZATION, first, min(size, first + _STEP - 1))
        print(f"\r  {min(size, first + _STEP - 1):,} of {size:,} orders written", end="", flush=True)
    print()
    await connection.execute("ANALYZE orders")


async def _ask(connection: asyncpg.Connection, query: Query, venues: int, times: int) -> dict[str, float]:
    random = Random(query.name)
    owners = venues if query.owner == "venue" else -(-venues // VENUES_AN_ORGANIZATION)
    seconds, pages = [], 0
    for _ in range(times):
        owner = f"{query.owner}-{random.randrange(owners)}"
        values = (owner, list(query.statuses), None, None, LIMIT)
        began = time.perf_counter()
        await connection.fetch(query.orders.statement, *values)
        seconds.append(time.perf_counter() - began)
    for _ in range(min(times, 20)):
        owner = f"{query.owner}-{random.randrange(owners)}"
        pages = max(pages, await _pages(connection, query, owner))
    return {"p50_ms": percentile(seconds, 0.5) * 1e3, "p99_ms": percentile(seconds, 0.99) * 1e3, "pages": pages}


async def _pages(connection: asyncpg.Connection, query: Query, owner: str) -> int:
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query.orders.statement}"
    rows = await connection.fetch(explain, owner, list(query.statuses), None, None, LIMIT)
    plan = json.loads(rows[0][0])[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
