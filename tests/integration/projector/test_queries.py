"""What the query API answers, and how it says no."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from infra.eventually import eventually
from infra.query_client import query_api, token
from infra.random_log import Entry, RandomLog, entry_of, oracle, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from local_stack.ports import draw
from order_contracts.channels import partition_of
from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries.reads import VENUE_ORDERS
from projector.schema import migrate


def placed(name: str, venue: str = "bar", status: str = "placed") -> Entry:
    change = {"order_id": name, "status": status, "channel": "qr"}
    return entry_of(order_event(name, venue, 1, None, f"{name}-1", change), PARTITIONS)


async def project(world: World, entries: list[Entry]) -> None:
    await world.append(entries)
    async with world.running():
        await world.caught_up(len(entries))


async def test_pages_hold_every_order_once_newest_first_whatever_shares_a_moment(world: World) -> None:
    statuses = ("placed", "ready", "completed")
    entries = [placed(f"order-{number:03}", status=statuses[number % 3]) for number in range(60)]
    await project(world, [*entries, placed("elsewhere", venue="kiosk")])
    rows = await world.query(
        "SELECT order_id FROM orders WHERE venue_id = 'bar' ORDER BY created_at DESC, order_id DESC"
    )
    newest_first = [row["order_id"] for row in rows]
    async with query_api(world.database_url, PARTITIONS) as client:
        for query, wanted in (({}, statuses), ({"status": ["ready", "placed"]}, ("placed", "ready"))):
            seen: list[str] = []
            cursor: dict[str, Any] = {}
            while cursor is not None:
                page = (await client.get("/v1/venues/bar/orders", params={**query, "limit": 7, **cursor})).json()
                assert len(page["orders"]) <= 7
                assert {order["status"] for order in page["orders"]} <= set(wanted)
                seen += [order["order_id"] for order in page["orders"]]
                cursor = {"cursor": page["next"]} if page["next"] else None
            assert seen == [name for name in newest_first if statuses[int(name[-3:]) % 3] in wanted]


async def test_an_order_carries_its_version_as_etag_and_its_document_as_it_is(world: World) -> None:
    second = entry_of(order_event("o1", "bar", 2, "o1-1", "o1-2", {"status": "ready", "notes": "žižole"}), PARTITIONS)
    await project(world, [placed("o1"), second])
    async with query_api(world.database_url, PARTITIONS) as client:
        answer = await client.get("/v1/venues/bar/orders/o1", headers={"Origin": "https://staff.example"})
        assert answer.headers["ETag"] == '"v2"'
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.json() == {"order_id": "o1", "version": 2, "status": "ready", "channel": "qr", "notes": "žižole"}
        assert (await client.get("/v1/venues/bar/counts")).json() == {"counts": {"ready": 1}}


async def test_a_snapshot_is_what_the_log_says_at_its_position(world: World) -> None:
    entries = RandomLog(Random("snapshot"), ("bar", "kiosk", "osteria"), PARTITIONS).entries(800)
    partition = partition_of("bar", PARTITIONS)
    snapshots: list[dict[str, Any]] = []
    async with world.running(BATCH_RECORDS="10"), query_api(world.database_url, PARTITIONS) as client:
        appending = asyncio.create_task(world.append(entries, pause_every=10))
        while not snapshots or await world.projected() < len(entries):
            answer = await client.get("/v1/venues/bar/snapshot")
            if answer.is_success:
                snapshots.append(answer.json())
        await appending
        snapshots.append((await client.get("/v1/venues/bar/snapshot")).json())
    log = await world.log()
    assert len({snapshot["position"] for snapshot in snapshots}) > 3
    for snapshot in snapshots:
        position = Position.parse(snapshot["position"])
        assert list(position.next) == [partition]
        until = [(p, content) for p, offset, content in log if p == partition and offset < position.next[partition]]
        orders = oracle(until).orders
        venue = {order_id for order_id, content in _venues(until).items() if content == "bar"}
        documents = [order[3] for name, order in orders.items() if name in venue and order[2] in OPEN_STATUSES]
        assert sorted(map(repr, snapshot["orders"])) == sorted(map(repr, documents)), snapshot["position"]


def _venues(records: list[tuple[int, Any]]) -> dict[str, str]:
    return {c.order_id: c.venue_id for _, c in records if hasattr(c, "order_id")}


async def test_lists_run_along_the_composite_index(world: World) -> None:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    await world.query(
        "INSERT INTO orders"
        " (order_id, venue_id, organization_id, version, head, status, created_at, updated_at, document, pace)"
        " SELECT n::text, 'v' || n % 20, 'org-1', 1, n::text, (ARRAY['placed', 'ready', 'completed'])[1 + n % 3],"
        " now() - n * interval '1 second', now(), '{}', '[0, {}, {}]' FROM generate_series(1, 20000) AS n"
    )
    await world.query("ANALYZE orders")
    plan = await world.query(f"EXPLAIN (ANALYZE, BUFFERS) {VENUE_ORDERS}", "v7", ["placed", "ready"], None, None, 51)
    text = "\n".join(row[0] for row in plan)
    assert "Index Scan using idx_orders_venue_status_created" in text
    assert "Seq Scan" not in text
    assert "Presorted Key: orders.created_at" in text, text


@pytest.mark.parametrize(
    ("path", "headers", "status", "code", "field"),
    [
        ("/v1/venues/bar/orders", {"Authorization": ""}, 401, "unauthorized", None),
        ("/v1/venues/bar/orders", {"Authorization": "Bearer nonsense"}, 401, "unauthorized", None),
        ("/v1/venues/osteria/orders", {}, 403, "not_allowed", None),
        ("/v1/venues/osteria/snapshot", {}, 403, "not_allowed", None),
        ("/v1/venues/bar/orders?limit=0", {}, 422, "invalid_request", "limit"),
        ("/v1/venues/bar/orders?limit=many", {}, 422, "invalid_request", "limit"),
        ("/v1/venues/bar/orders?cursor=x", {}, 422, "invalid_request", "cursor"),
        ("/v1/venues/bar/orders?status=DROP%20TABLE", {}, 422, "invalid_request", "status"),
        ("/v1/venues/b%00r/orders", {}, 422, "invalid_request", "venue_id"),
        ("/v1/venues/bar/orders/none", {}, 404, "order_not_found", None),
        ("/v1/venues/bar/orders/a%00b", {}, 422, "invalid_request", "order_id"),
        ("/v1/nothing", {}, 404, "not_found", None),
        ("/v1/venues/bar/snapshot", {}, 503, "try_again", None),
    ],
)
async def test_every_refusal_is_a_problem(
    world: World, path: str, headers: dict[str, str], status: int, code: str, field: str | None
) -> None:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    async with query_api(world.database_url, PARTITIONS) as client:
        answer = await client.get(path, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"], problem.get("field")) == (
        status,
        status,
        code,
        field,
    )
    assert problem["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_token_for_all_venues_opens_those_of_its_organization_only(world: World) -> None:
    await project(world, [placed("o1")])
    async with query_api(world.database_url, PARTITIONS) as client:
        for organization, status in (("org-1", 200), ("org-2", 403)):
            bearer = {"Authorization": f"Bearer {token('*', organization_id=organization)}"}
            for path in ("orders", "orders/o1", "snapshot", "counts"):
                assert (await client.get(f"/v1/venues/bar/{path}", headers=bearer)).status_code == status


async def test_a_token_without_the_scope_or_expired_is_refused(world: World) -> None:
    async with query_api(world.database_url, PARTITIONS) as client:
        no_scope = {"Authorization": f"Bearer {token(['bar'], scopes=('rooms:join',))}"}
        assert (await client.get("/v1/venues/bar/orders", headers=no_scope)).status_code == 403
        expired = {"Authorization": f"Bearer {token(['bar'], lifetime_seconds=-60)}"}
        assert (await client.get("/v1/venues/bar/orders", headers=expired)).status_code == 401


async def test_a_revoked_token_is_refused_soon_and_no_other_is(world: World, tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.touch()
    more = {"revoked_tokens_file": revoked, "revoked_tokens_seconds": 0.1}
    async with query_api(world.database_url, PARTITIONS, **more) as client:

        async def allowed(token_id: str) -> bool:
            bearer = {"Authorization": f"Bearer {token(['bar'], token_id=token_id)}"}
            answer = await client.get("/v1/venues/bar/orders", headers=bearer)
            return answer.status_code != 401

        assert await allowed("lost")
        revoked.write_text("lost\n")

        async def refused() -> bool:
            return not await allowed("lost")

        await eventually(refused, within=5)
        assert await allowed("kept")


async def test_before_the_first_migration_every_question_is_503(database_url: str) -> None:
    async with query_api(database_url, PARTITIONS) as client:
        assert (await client.get("/v1/venues/bar/counts")).json()["code"] == "try_again"
        assert (await client.get("/readyz")).status_code == 503


async def test_without_postgres_every_question_is_503_and_not_a_hang() -> None:
    async with query_api(f"postgresql://nobody@127.0.0.1:{draw()}/none", PARTITIONS) as client:
        for path in ("orders", "orders/o1", "snapshot", "counts"):
            answer = await client.get(f"/v1/venues/bar/{path}", timeout=5)
            assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
            assert answer.headers["Retry-After"] == "1"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
