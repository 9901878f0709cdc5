"""A rebuild puts another schema under the same name: connections and prepared statements of the API live through it."""

import asyncio
from collections import Counter

import asyncpg

from infra.query_client import query_api, token
from infra.running_projector import PARTITIONS, SCHEMA, World
from order_contracts.channels import partition_of
from projector.schema import migrate

NEW, OLD = "rebuilt", "retired"
ROWS = """
INSERT INTO positions SELECT n, '0123abcd', {next}, 'x' FROM generate_series(0, 3) AS n;
INSERT INTO venue_status_counts VALUES ('bar', 'placed', 'org-1', {orders});
INSERT INTO orders (order_id, venue_id, organization_id, version, head, status, created_at, updated_at, document, pace)
SELECT 'o' || n, 'bar', 'org-1', 1, 'e', 'placed', now(), now(), '{{"order_id":"o1"}}', '[]'
FROM generate_series(1, {orders}) AS n;
CREATE TABLE trail PARTITION OF order_events FOR VALUES FROM ('2000-01-01') TO ('2100-01-01');
INSERT INTO order_events SELECT order_id, 1, 'e', 'order.placed.v1', venue_id, organization_id, {partition}, 0,
    created_at, created_at, 'f', '{{"change":{{"status":"placed"}}}}' FROM orders;
INSERT INTO sales_by_hour
    VALUES ('bar', '2026-11-24 12:00Z', '2026-11-24', 'EUR', 'org-1', {orders}, 0, 5, 0, 0, 0, 0, 0, 0, 0);
"""
SWAP = f"""
BEGIN;
LOCK TABLE {SCHEMA}.positions, {SCHEMA}.orders IN ACCESS EXCLUSIVE MODE;
ALTER SCHEMA {SCHEMA} RENAME TO {OLD};
ALTER SCHEMA {NEW} RENAME TO {SCHEMA};
COMMIT;
"""
PATHS = (
    "venues/bar/orders",
    "venues/bar/snapshot",
    "venues/bar/board",
    "venues/bar/counts",
    "venues/bar/orders/o1",
    "venues/bar/orders/o1?at=1",
    "venues/bar/changes?since=0123abcd.{bar}-0",
    "venues/bar/analytics/sales?from=2026-11-24&to=2026-11-25",
    "organizations/org-1/orders",
    "organizations/org-1/venues",
)


async def fill(address: str, schema: str, orders: int) -> None:
    await asyncio.to_thread(migrate, address, schema)
    connection = await asyncpg.connect(address, server_settings={"search_path": schema})
    try:
        partition = partition_of("bar", PARTITIONS)
        await connection.execute(ROWS.format(next=orders, orders=orders, partition=partition))
    finally:
        await connection.close()


async def test_answers_go_on_while_the_schema_is_swapped_and_are_the_new_ones_afterwards(world: World) -> None:
    await fill(world.database_url, SCHEMA, 1)
    await fill(world.database_url, NEW, 2)
    bearer = {"Authorization": f"Bearer {token('*', scopes=('orders:read', 'analytics:read'))}"}
    statuses: Counter[tuple[str, int]] = Counter()
    async with query_api(world.database_url, PARTITIONS) as client:
        client.headers.update(bearer)

        async def ask(path: str, times: int) -> None:
            for _ in range(times):
                answer = await client.get(f"/v1/{path.format(bar=partition_of('bar', PARTITIONS))}")
                statuses[path, answer.status_code] += 1

        await asyncio.gather(*(ask(path, 3) for path in PATHS))  # every connection has prepared its statements
        asking = asyncio.gather(*(ask(path, 15) for path in PATHS))
        await world.in_one_session(SWAP, "SELECT")
        await asking
        assert {status for _, status in statuses} == {200}, statuses
        counts = await client.get("/v1/venues/bar/counts")
        assert counts.json() == {"counts": {"placed": 2}}
        at_two = {"If-Min-Position": f"0123abcd.{partition_of('bar', PARTITIONS)}-2"}
        snapshot = await client.get("/v1/venues/bar/snapshot", headers=at_two)
        assert len(snapshot.json()["orders"]) == 2
