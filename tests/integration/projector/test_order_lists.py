"""Lists of orders: every order once, newest first, along the composite indexes, without a sort in Postgres."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.query_client import query_api, token
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from order_api.rows import SCHEDULED
from projector.queries.order_lists import OrderList, list_of_organization, list_of_venue
from projector.queries.rows import Rows
from projector.schema import migrate

STATUSES = ("placed", "ready", "completed")
STAR = {"Authorization": f"Bearer {token('*')}"}


def placed(name: str, venue: str, status: str) -> Entry:
    change = {"order_id": name, "status": status, "channel": "qr"}
    return entry_of(order_event(name, venue, 1, None, f"{name}-1", change), PARTITIONS)


async def test_pages_hold_every_order_once_newest_first_whatever_shares_a_moment(world: World) -> None:
    entries = [placed(f"order-{n:03}", ("bar", "kiosk")[n % 2], STATUSES[n % 3]) for n in range(60)]
    await world.append(entries)
    async with world.running():
        await world.caught_up(len(entries))
    rows = await world.query(
        'SELECT order_id, venue_id, status FROM orders ORDER BY created_at DESC, order_id COLLATE "C" DESC'
    )
    async with query_api(world.database_url, PARTITIONS) as client:
        for path, venues in (("venues/bar", {"bar"}), ("organizations/org-1", {"bar", "kiosk"})):
            for query, wanted in (({}, STATUSES), ({"status": ["ready", "placed"]}, ("placed", "ready"))):
                seen: list[str] = []
                cursor: dict[str, Any] = {}
                while cursor is not None:
                    parameters = {**query, "limit": 7, **cursor}
                    page = (await client.get(f"/v1/{path}/orders", params=parameters, headers=STAR)).json()
                    seen += [order["order_id"] for order in page["orders"]]
                    assert len(page["orders"]) == 7 or page["next"] is None
                    cursor = {"cursor": page["next"]} if page["next"] else None
                expected = [r["order_id"] for r in rows if r["venue_id"] in venues and r["status"] in wanted]
                assert seen == expected


@pytest.mark.parametrize(
    ("orders", "owner_id", "index"),
    [
        (list_of_venue, "v7", "idx_orders_venue_status_created"),
        (list_of_organization, "org-3", "idx_orders_organization_status_created"),
    ],
)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_lists_run_along_their_composite_index_and_sort_nothing(
    world: World, orders: Any, owner_id: str, index: str, mode: str
) -> None:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    await world.query(
        "INSERT INTO orders"
        " (order_id, venue_id, organization_id, version, head, status, created_at, updated_at, document, pace)"
        " SELECT n::text, 'v' || n % 20, 'org-' || n % 5, 1, n::text,"
        " (ARRAY['placed', 'ready', 'completed'])[1 + n % 3],"
        " now() - n * interval '1 second', now(), '{}', '[]' FROM generate_series(1, 20000) AS n"
    )
    await world.query("ANALYZE orders")
    plan = await plan_of(world, orders(Rows.__new__(Rows)), owner_id, mode)
    scans = [node for node in nodes(plan) if "Scan" in node["Node Type"] and node.get("Relation Name") == "orders"]
    assert [(scan["Node Type"], scan["Index Name"]) for scan in scans] == [("Index Scan", index)]
    assert not [node["Node Type"] for node in nodes(plan) if "Sort" in node["Node Type"]]
    assert scans[0]["Actual Rows"] * scans[0]["Actual Loops"] <= 2 * 52, "no more than the pages' rows were read"
    assert scans[0].get("Rows Removed by Filter", 0) <= 1


async def test_scheduled_orders_are_found_along_the_venue_index(world: World) -> None:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    await world.query(
        "INSERT INTO orders"
        " (order_id, venue_id, organization_id, version, head, status, created_at, updated_at, document, pace)"
        " SELECT n::text, 'v' || n % 20, 'org', 1, n::text, CASE n % 99 WHEN 0 THEN 'scheduled' ELSE 'completed' END,"
        " now(), now(), '{\"scheduled_for\": \"2026-12-31T19:00:00.000Z\"}', '[]' FROM generate_series(1, 20000) AS n"
    )
    await world.query(
        "INSERT INTO venue_status_counts SELECT venue_id, status, 'org', count(*) FROM orders GROUP BY 1, 2"
    )
    await world.query("ANALYZE orders, venue_status_counts")
    (row,) = await world.query(f"EXPLAIN (ANALYZE, FORMAT JSON) {SCHEDULED}")
    plan = list(nodes(json.loads(row[0])[0]["Plan"]))
    assert [node["Node Type"] for node in plan if node.get("Relation Name") == "orders"] == ["Bitmap Heap Scan"]
    (scan,) = [node for node in plan if node.get("Index Name") == "idx_orders_venue_status_created"]
    assert 180 < scan["Actual Rows"] * scan["Actual Loops"] <= 220, "as many as are scheduled, and no others"


async def plan_of(world: World, orders: OrderList, owner_id: str, mode: str) -> dict[str, Any]:
    statement = (
        f"PREPARE page(text, text[], timestamptz, text, int) AS {orders.statement}; SET plan_cache_mode = {mode};"
    )
    explain = (
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page("
        f"'{owner_id}', ARRAY['placed', 'ready'], now() - interval '1 hour', '5000', 51)"
    )
    rows = await world.in_one_session(statement, explain)
    plan: dict[str, Any] = json.loads(rows[0][0])[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)
