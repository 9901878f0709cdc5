"""A snapshot is of one moment, and costs Postgres one load a venue and second, with Redis or without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from infra.eventually import eventually
from infra.query_client import query_api, token
from infra.random_log import Entry, RandomLog, entry_of, oracle, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from infra.services import Backing
from local_stack.ports import unused_port
from order_contracts.channels import partition_of
from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries import kept_in_redis
from projector.queries.outlines import Outlines
from projector.queries.rows import Rows
from projector.queries.snapshots import NotProjectedYet, Snapshots

SCREENS = 2_000


@asynccontextmanager
async def rows_of(database_url: str) -> AsyncIterator[Rows]:
    async with asyncpg.create_pool(database_url, min_size=0, server_settings={"search_path": SCHEMA}) as pool:
        yield Rows(pool, acquire_seconds=2.0)


def placed(name: str, venue: str = "bar") -> Entry:
    change = {"order_id": name, "status": "placed", "channel": "qr"}
    return entry_of(order_event(name, venue, 1, None, f"{name}-1", change), PARTITIONS)


async def loads(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    return sum(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("query_api_snapshot_loads_total")
    )


async def test_a_snapshot_is_what_the_log_says_at_its_position(world: World) -> None:
    entries = RandomLog(Random("snapshot"), ("bar", "kiosk", "osteria"), PARTITIONS).entries(800)
    partition = partition_of("bar", PARTITIONS)
    snapshots: list[tuple[str, list[Any]]] = []
    async with world.running(BATCH_RECORDS="10"), rows_of(world.database_url) as rows:
        appending = asyncio.create_task(world.append(entries, pause_every=10))
        while not snapshots or await world.projected() < len(entries):
            try:
                found = await Snapshots(rows, PARTITIONS).load("bar")
            except (NotProjectedYet, asyncpg.UndefinedTableError):
                continue
            snapshots.append((found.position, msgspec.json.decode(found.orders)))
        await appending
        last = await Snapshots(rows, PARTITIONS).load("bar")
        snapshots.append((last.position, msgspec.json.decode(last.orders)))
    log = await world.log()
    assert len({position for position, _ in snapshots}) > 3
    for text, orders in snapshots:
        position = Position.parse(text)
        assert list(position.next) == [partition]
        until = [(p, content) for p, offset, content in log if p == partition and offset < position.next[partition]]
        venue = {c.order_id for _, c in until if getattr(c, "venue_id", "") == "bar"}
        documents = [o[3] for name, o in oracle(until).orders.items() if name in venue and o[2] in OPEN_STATUSES]
        assert by_id(orders) == by_id(documents), text


def by_id(documents: list[dict[str, Any]]) -> list[str]:
    return sorted(msgspec.json.encode(document, order="sorted").decode() for document in documents)


@pytest.fixture
async def projected(world: World) -> World:
    await world.append([placed("o1"), placed("o2"), placed("k1", "kiosk")])
    async with world.running():
        await world.caught_up(3)
    return world


async def test_screens_that_all_come_back_at_once_are_one_load_a_venue(projected: World) -> None:
    async with query_api(projected.database_url, PARTITIONS) as client:
        before = await loads(client)
        star = {"Authorization": f"Bearer {token('*')}"}
        venues = ("bar", "kiosk")
        asking = [client.get(f"/v1/venues/{venues[n % 2]}/snapshot", headers=star) for n in range(SCREENS // 10)]
        answers = await asyncio.gather(*asking)
        assert {answer.status_code for answer in answers} == {200}
        assert {len(answer.json()["orders"]) for answer in answers} == {1, 2}
        elapsed = max(answer.elapsed.total_seconds() for answer in answers)
        assert await loads(client) - before <= 2 * (1 + elapsed)


async def test_replicas_share_one_load_through_redis(
    projected: World, backing: Backing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_in_redis, "_ANSWER_SECONDS", 30)  # a busy machine is no reason to do without Redis here
    monkeypatch.setattr(kept_in_redis, "_TURN_MS", 30_000)
    more = {"redis_url": backing.redis_url, "database_schema": SCHEMA}
    await forget(backing)
    async with (
        query_api(projected.database_url, PARTITIONS, **more) as one,
        query_api(projected.database_url, PARTITIONS, **more) as other,
    ):
        answers = await asyncio.gather(*(client.get("/v1/venues/bar/snapshot") for client in (one, other) * 20))
        assert {len(answer.json()["orders"]) for answer in answers} == {2}
        assert await loads(one) + await loads(other) == 1


async def test_redis_that_is_gone_or_holds_nonsense_costs_nothing_but_loads(projected: World, backing: Backing) -> None:
    gone = {"redis_url": f"redis://127.0.0.1:{unused_port()}/0"}
    async with query_api(projected.database_url, PARTITIONS, **gone) as client:
        assert len((await client.get("/v1/venues/bar/snapshot", timeout=3)).json()["orders"]) == 2
    await forget(backing, {f"scanserve:{SCHEMA}:snapshot:bar": b"\x00nonsense"})
    async with query_api(projected.database_url, PARTITIONS, redis_url=backing.redis_url) as client:
        assert len((await client.get("/v1/venues/bar/snapshot")).json()["orders"]) == 2


async def forget(backing: Backing, then: dict[str, bytes] | None = None) -> None:
    """Empty Redis: the tests' databases are many, its keys name the schema only."""
    async with Redis.from_url(backing.redis_url) as redis:
        await redis.flushdb()
        for key, value in (then or {}).items():
            await redis.set(key, value)


async def test_an_unchanged_snapshot_is_304_and_says_how_far_it_holds(projected: World) -> None:
    async with query_api(projected.database_url, PARTITIONS) as client:
        first = await client.get("/v1/venues/bar/snapshot")
        assert first.headers["Position"] == first.json()["position"]
        assert 1_000 <= int(first.headers["Poll-After-Ms"]) <= 60_000
        same = await client.get("/v1/venues/bar/snapshot", headers={"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
        await projected.append([placed("o3")])
        async with projected.running():

            async def changed() -> bool:
                again = await client.get("/v1/venues/bar/snapshot", headers={"If-None-Match": first.headers["ETag"]})
                return again.status_code == 200 and len(again.json()["orders"]) == 3

            await eventually(changed)


async def test_an_organization_s_snapshot_is_what_the_log_says_of_all_its_venues_at_its_position(world: World) -> None:
    entries = RandomLog(Random("outlines"), ("bar", "kiosk", "osteria"), PARTITIONS).entries(600)
    taken: list[tuple[Position, set[tuple[str, int, str]]]] = []
    async with world.running(BATCH_RECORDS="10"), rows_of(world.database_url) as rows:
        appending = asyncio.create_task(world.append(entries, pause_every=10))
        while not taken or await world.projected() < len(entries):
            try:
                found = await Outlines(rows, PARTITIONS).load("org-1")
            except (NotProjectedYet, asyncpg.UndefinedTableError):
                continue
            outlines = {(o["order_id"], o["version"], o["status"]) for o in msgspec.json.decode(found.orders)}
            taken.append((Position.parse(found.position), outlines))
        await appending
    log = await world.log()
    assert any(outlines for _, outlines in taken)
    for position, outlines in taken:
        until = [(p, content) for p, offset, content in log if offset < position.next[p]]
        rows_then = oracle(until).orders.items()
        assert outlines == {(name, o[0], o[2]) for name, o in rows_then if o[2] in OPEN_STATUSES}, str(position)
