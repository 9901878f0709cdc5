"""Reports: what the sums say, for whom, in which steps; as CSV of any length; by a role that can read nothing else."""

import asyncio
import csv
import io
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from infra.query_client import query_api, token
from infra.running_projector import PARTITIONS, SCHEMA, World
from projector.schema import migrate

ANALYTICS = ("analytics:read",)
REPORTS = ("sales", "items", "times", "late-orders", "refunds")
PERIOD = {"from": "2026-11-24", "to": "2026-11-26"}
ROWS = """
INSERT INTO venue_status_counts VALUES
    ('bar', 'completed', 'org-1', 3), ('kiosk', 'completed', 'org-1', 1), ('elsewhere', 'completed', 'org-2', 1);
INSERT INTO sales_by_hour (venue_id, hour, business_date, currency, organization_id, orders, cancelled, gross, discount,
                           tax, service, tip, refunded, promised, late) VALUES
    ('bar', '2026-11-24 23:00Z', '2026-11-24', 'EUR', 'org-1', 2, 1, 9007199254740993, 0, 0, 0, 0, 0, 2, 1),
    ('bar', '2026-11-25 00:00Z', '2026-11-24', 'EUR', 'org-1', 1, 0, 500, 0, 0, 0, 0, 100, 0, 0),
    ('bar', '2026-11-25 12:00Z', '2026-11-25', 'EUR', 'org-1', 1, 0, 700, 0, 0, 0, 0, 0, 1, 0),
    ('kiosk', '2026-11-25 12:00Z', '2026-11-25', 'EUR', 'org-1', 1, 0, 30, 0, 0, 0, 0, 0, 0, 0),
    ('elsewhere', '2026-11-25 12:00Z', '2026-11-25', 'EUR', 'org-2', 9, 0, 9, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO item_sales_by_hour (venue_id, hour, business_date, currency, sku, name, organization_id, lines, quantity,
                                revenue, refunded_quantity) VALUES
    ('bar', '2026-11-24 23:00Z', '2026-11-24', 'EUR', '', '=cmd|''/C calc''!A0', 'org-1', 1, 0.25, 100, 0),
    ('bar', '2026-11-25 00:00Z', '2026-11-24', 'EUR', 'm', 'Margherita', 'org-1', 3, 4, 3800, 1);
INSERT INTO stage_times (venue_id, hour, business_date, stage, station, from_seconds, organization_id, below_seconds,
                         stays, milliseconds)
    SELECT 'bar', '2026-11-24 23:00Z', '2026-11-24', 'kitchen', 'oven', n, 'org-1', n + 1, 1, n * 1000
    FROM generate_series(1, 100) AS n;
INSERT INTO refunds (order_id, version, venue_id, organization_id, refunded_at, currency, amount, actor, reason) VALUES
    ('o1', 5, 'bar', 'org-1', '2026-11-24 23:30Z', 'EUR', 100, 'till', '@cold'),
    ('o2', 5, 'bar', 'org-1', '2026-11-25 10:00Z', 'EUR', 250, 'till', NULL);
INSERT INTO orders (order_id, venue_id, organization_id, version, head, status, channel, created_at, updated_at,
                    document, promised_at, ready_at, pace)
VALUES ('o1', 'bar', 'org-1', 5, 'e', 'completed', 'qr', '2026-11-24 23:00Z', '2026-11-24 23:40Z', '{}',
        '2026-11-24 23:10Z', '2026-11-24 23:15Z', '[]');
"""


@pytest.fixture
async def sold(world: World) -> World:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    await world.in_one_session(ROWS, "SELECT")
    return world


def bearer(venues: Any = "*", **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(venues, **{'scopes': ANALYTICS, **more})}"}


async def rows(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(f"/v1/{path}", params={**PERIOD, **query}, headers=bearer())
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def test_sales_are_told_by_business_day_hour_and_venue(sold: World) -> None:
    async with query_api(sold.database_url, PARTITIONS) as client:
        days = await rows(client, "venues/bar/analytics/sales")
        assert [(row["day"], row["orders"], row["gross"]) for row in days] == [
            ("2026-11-24", 3, "9007199254741493"),  # over 2**53: a number would have been rounded by a browser
            ("2026-11-25", 1, "700"),
        ]
        hours = await rows(client, "venues/bar/analytics/sales", bucket="hour")
        assert [row["hour"] for row in hours] == [
            "2026-11-24T23:00:00Z",
            "2026-11-25T00:00:00Z",
            "2026-11-25T12:00:00Z",
        ]
        clock = {"from": "2026-11-25T00:00:00+00:00", "to": "2026-11-25T12:00:00Z", "bucket": "none"}
        assert [row["gross"] for row in await rows(client, "venues/bar/analytics/sales", **clock)] == ["500"]
        venues = await rows(client, "organizations/org-1/analytics/sales", bucket="none", by_venue="true")
        assert [(row["venue_id"], row["orders"]) for row in venues] == [("bar", 4), ("kiosk", 1)]


async def test_items_times_late_orders_and_refunds(sold: World) -> None:
    async with query_api(sold.database_url, PARTITIONS) as client:
        items = await rows(client, "venues/bar/analytics/items", bucket="none")
        assert [(row["name"], row["quantity"], row["revenue"]) for row in items] == [
            ("=cmd|'/C calc'!A0", "0.25", "100"),
            ("Margherita", "4", "3800"),
        ]
        [times] = await rows(client, "organizations/org-1/analytics/times")
        assert (times["stays"], times["mean_seconds"]) == (100, "50.5")
        assert (times["p50_seconds"], times["p90_seconds"], times["p99_seconds"]) == (51, 91, 100)
        late = await rows(client, "venues/bar/analytics/late-orders")
        assert [(row["promised"], row["late"]) for row in late] == [(2, 1), (1, 0)]
        [order] = await rows(client, "venues/bar/analytics/late-orders", bucket="none")
        assert (order["order_id"], order["late_seconds"]) == ("o1", 300)
        refunds = "venues/bar/analytics/refunds"
        assert [row["day"] for row in await rows(client, refunds)] == ["2026-11-24", "2026-11-25"]
        in_rome = await rows(client, refunds, tz="Europe/Rome")
        assert [(row["day"], row["amount"]) for row in in_rome] == [("2026-11-25", "350")]
        only_24 = {"from": "2026-11-24", "to": "2026-11-25", "bucket": "none", "tz": "Europe/Rome"}
        assert await rows(client, refunds, **only_24) == []


async def test_a_csv_holds_the_same_rows_and_no_formula(sold: World) -> None:
    async with query_api(sold.database_url, PARTITIONS) as client:
        for report in REPORTS:
            for bucket in ("none", "day", "hour"):
                query = {"bucket": bucket}
                json_rows = await rows(client, f"venues/bar/analytics/{report}", **query)
                answer = await client.get(
                    f"/v1/venues/bar/analytics/{report}", params={**PERIOD, **query, "format": "csv"}, headers=bearer()
                )
                assert answer.headers["content-type"] == "text/csv; charset=utf-8"
                assert f'filename="{report}-bar.csv"' in answer.headers["content-disposition"]
                heading, *lines = csv.reader(io.StringIO(answer.text, newline=""))
                assert len(lines) == len(json_rows)
                assert not json_rows or heading == list(json_rows[0])
                assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@"))]


async def test_an_export_of_many_rows_arrives_whole_and_gives_its_connection_back(sold: World) -> None:
    await sold.query(
        "INSERT INTO item_sales_by_hour SELECT 'bar', '2026-11-25 10:00Z', '2026-11-25', 'EUR', '', 'item ' || n,"
        " 'org-1', 1, 1, 100, 0 FROM generate_series(1, 20000) AS n"
    )
    async with query_api(sold.database_url, PARTITIONS, analytics_connections=2) as client:
        path, query = "/v1/venues/bar/analytics/items", {**PERIOD, "format": "csv"}
        refused = await client.get(path, params=PERIOD, headers=bearer())
        assert (refused.status_code, refused.json()["field"]) == (422, "to")
        for _ in range(3):  # readers that go away after the first bytes
            async with client.stream("GET", path, params=query, headers=bearer()) as answer:
                await anext(answer.aiter_bytes())
        whole = await client.get(path, params=query, headers=bearer())
        while whole.status_code == 503:  # one that went away is still being cleared up after
            whole = await client.get(path, params=query, headers=bearer())
        assert len(whole.text.splitlines()) == 20_003


@pytest.mark.parametrize(
    ("path", "query", "headers", "status", "field"),
    [
        ("venues/bar", {}, {}, 403, None),  # orders:read is another scope
        ("venues/elsewhere", {}, bearer(), 403, None),
        ("organizations/org-2", {}, bearer(), 403, None),
        ("organizations/org-1", {}, bearer(["bar"]), 403, None),
        ("venues/bar", {"from": "2026-11-24T00:00:00"}, bearer(), 422, "from"),
        ("venues/bar", {"to": "2026-11-24"}, bearer(), 422, "to"),
        ("venues/bar", {"bucket": "minute"}, bearer(), 422, "bucket"),
        ("venues/bar", {"tz": "Mars/Olympus"}, bearer(), 422, "tz"),
        ("venues/bar", {"tz": "'; DROP TABLE"}, bearer(), 422, "tz"),
    ],
)
async def test_every_refusal_names_its_field(
    sold: World, path: str, query: dict[str, str], headers: dict[str, str], status: int, field: str | None
) -> None:
    async with query_api(sold.database_url, PARTITIONS) as client:
        answer = await client.get(f"/v1/{path}/analytics/refunds", params={**PERIOD, **query}, headers=headers)
    assert (answer.status_code, answer.json().get("field")) == (status, field)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_reports_need_no_more_than_the_read_only_role_and_it_opens_nothing_else(sold: World) -> None:
    login = f"grafana_{urlsplit(sold.database_url).path[6:]}"
    await sold.query(f"CREATE ROLE {login} LOGIN PASSWORD 'secret' IN ROLE scanserve_analytics")
    try:
        url = urlsplit(sold.database_url)
        address = f"postgresql://{login}:secret@{url.hostname}:{url.port}{url.path}"
        async with query_api(sold.database_url, PARTITIONS, analytics_database_url=address) as client:
            for report in REPORTS:
                for owner in ("venues/bar", "organizations/org-1"):
                    await rows(client, f"{owner}/analytics/{report}")
        connection = await asyncpg.connect(address, server_settings={"search_path": SCHEMA})
        try:
            assert await connection.fetchval("SELECT count(*) FROM analytics_time_percentiles") == 1
            for forbidden in ("SELECT document FROM orders", "SELECT 1 FROM order_events", "DELETE FROM refunds"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(forbidden)
        finally:
            await connection.close()
    finally:
        await sold.query(f"DROP ROLE {login}")
