"""What polling clients lean on: deltas that add up, answers that hold their own writes, 304, and time travel."""

import asyncio
from random import Random
from typing import Any

import httpx
import pytest

from infra.query_client import query_api
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, World
from order_contracts.channels import partition_of
from order_contracts.order import OPEN_STATUSES
from projector.queries import changes

BAR = partition_of("bar", PARTITIONS)
STATUSES = ("placed", "accepted", "preparing", "ready", "completed")


def step(order: str, version: int, change: dict[str, Any], venue: str = "bar") -> Entry:
    parent = f"{order}-{version - 1}" if version > 1 else None
    event = order_event(order, venue, version, parent, f"{order}-{version}", {"order_id": order, **change})
    return entry_of(event, PARTITIONS)


LIFE = [step("o1", 1, {"status": "placed"}), step("o1", 2, {"status": "accepted", "notes": "žá"})]


async def project(world: World, entries: list[Entry], until: int | None = None) -> None:
    await world.append(entries)
    async with world.running():
        await world.caught_up(until or len(entries))


def evening(length: int) -> list[Entry]:
    """Give orders of two venues, each moved on at random; two at a time are never of one order alone."""
    random, versions, entries = Random("evening"), dict.fromkeys(range(40), 0), []
    for _ in range(length):
        order = random.randrange(40)
        versions[order] += 1
        change = {"status": random.choice(STATUSES), "notes": random.choice([None, "no onions"])}
        entries.append(step(f"o{order}", versions[order], change, ("bar", "kiosk")[order % 2]))
    return entries


def by_name(answer: Any) -> dict[str, dict[str, Any]]:
    return {order["order_id"]: order for order in answer["orders"]}


async def test_a_client_that_follows_changes_holds_what_a_new_snapshot_would_give(world: World) -> None:
    entries = evening(600)
    async with world.running(BATCH_RECORDS="20"), query_api(world.database_url, PARTITIONS) as client:
        await world.append(entries[:60])
        await world.caught_up(60)
        snapshot = (await client.get("/v1/venues/bar/snapshot")).json()
        held, position = by_name(snapshot), snapshot["position"]
        for first in range(60, len(entries), 60):
            await world.append(entries[first : first + 60])
            before = position
            for until in (None, first + 60):  # while it is projected, and when it has been
                if until is not None:
                    await world.caught_up(until)
                answer = await client.get("/v1/venues/bar/changes", params={"since": position})
                assert answer.status_code == 200, answer.text
                position = answer.json()["position"]
                assert answer.headers["Position"] == position
                held |= by_name(answer.json())
            assert position != before
        last = await client.get("/v1/venues/bar/snapshot", headers={"If-Min-Position": position})
        assert {name: order for name, order in held.items() if order["status"] in OPEN_STATUSES} == by_name(last.json())


async def test_changes_that_lead_too_far_or_from_elsewhere_point_to_the_snapshot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project(world, LIFE)
    monkeypatch.setattr(changes, "MOST_EVENTS", 1)
    async with query_api(world.database_url, PARTITIONS) as client:
        now = (await client.get("/v1/venues/bar/snapshot")).json()["position"]
        epoch = now.split(".")[0]

        async def asked(since: str) -> httpx.Response:
            return await client.get("/v1/venues/bar/changes", params={"since": since})

        for since in (f"{epoch}.{BAR}-0", f"00000000.{BAR}-2"):
            answer = await asked(since)
            assert (answer.status_code, answer.json()["code"]) == (410, "position_too_old")
            assert "fetch the snapshot" in answer.json()["detail"]
        one = (await asked(f"{epoch}.{BAR}-1")).json()
        assert ([order["version"] for order in one["orders"]], one["position"]) == ([2], now)
        ahead = f"{epoch}.{BAR}-99"
        assert (await asked(ahead)).json() | {"server_time": ""} == {"position": ahead, "server_time": "", "orders": []}
        same = await client.get(
            "/v1/venues/bar/changes",
            params={"since": now},
            headers={"If-None-Match": (await asked(now)).headers["ETag"]},
        )
        assert same.status_code == 304


async def test_changes_over_events_dropped_by_age_are_refused(world: World) -> None:
    await project(world, [*LIFE, step("k1", 1, {"status": "placed"}, "kiosk")])
    async with query_api(world.database_url, PARTITIONS) as client:
        epoch = (await client.get("/v1/venues/bar/snapshot")).json()["position"].split(".")[0]
        since = {"since": f"{epoch}.{BAR}-1"}
        assert (await client.get("/v1/venues/bar/changes", params=since)).status_code == 200
        await world.query("DELETE FROM order_events WHERE order_id = 'o1' AND version = 1")
        assert (await client.get("/v1/venues/bar/changes", params=since)).status_code == 410


async def test_an_answer_waits_until_it_holds_what_was_written(world: World) -> None:
    await project(world, LIFE)
    async with query_api(world.database_url, PARTITIONS, min_position_seconds=10.0) as client:
        now = (await client.get("/v1/venues/bar/snapshot")).json()["position"]
        wanted = {"If-Min-Position": f"{now.split('.')[0]}.{BAR}-3"}
        paths = ("orders/o1", "snapshot", "orders", "board", "counts")
        asking = [asyncio.create_task(client.get(f"/v1/venues/bar/{path}", headers=wanted)) for path in paths]
        await project(world, [step("o1", 3, {"status": "ready"})], until=3)
        answers = await asyncio.gather(*asking)
        assert {answer.status_code for answer in answers} == {200}
        assert all('"ready"' in answer.text for answer in answers)


async def test_an_answer_that_cannot_hold_it_in_time_says_so(world: World) -> None:
    await project(world, LIFE)
    async with query_api(world.database_url, PARTITIONS, min_position_seconds=0.2) as client:
        epoch = (await client.get("/v1/venues/bar/snapshot")).json()["position"].split(".")[0]

        async def asked(position: str) -> httpx.Response:
            return await client.get("/v1/venues/bar/orders/o1", headers={"If-Min-Position": position})

        late = await asked(f"{epoch}.{BAR}-3")
        assert (late.status_code, late.json()["code"]) == (503, "not_projected_yet")
        assert late.headers["Retry-After"] == "1"
        elsewhere = await asked(f"00000000.{BAR}-1")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (412, "other_epoch")
        assert (await asked(f"{epoch}.{BAR}-2")).status_code == 200


async def test_an_order_is_as_it_was_at_any_version_or_moment(world: World) -> None:
    await project(world, LIFE)
    async with query_api(world.database_url, PARTITIONS) as client:
        history = (await client.get("/v1/venues/bar/orders/o1/history")).json()
        assert [entry["event"]["id"] for entry in history["events"]] == ["o1-1", "o1-2"]
        first, second = (entry["appended_at"] for entry in history["events"])
        for at, version in (("1", 1), ("v2", 2), (second, 2), ("2100-01-01T00:00:00+02:00", 2)):
            answer = await client.get("/v1/venues/bar/orders/o1", params={"at": at})
            assert answer.json()["version"] == version
            assert answer.headers["ETag"] == f'"v{version}"'
        assert (await client.get("/v1/venues/bar/orders/o1", params={"at": first})).json()["status"] in (
            "placed",
            "accepted",  # both events may share the log's millisecond
        )
        for at in ("3", "2026-01-01T00:00:00Z"):
            assert (await client.get("/v1/venues/bar/orders/o1", params={"at": at})).status_code == 404
        await world.query("DELETE FROM order_events")
        for gone in ("orders/o1?at=2", "orders/o1/history"):
            answer = await client.get(f"/v1/venues/bar/{gone}")
            assert (answer.status_code, answer.json()["code"]) == (410, "history_dropped")


async def test_polled_answers_are_304_where_they_stand(world: World) -> None:
    await project(world, LIFE)
    async with query_api(world.database_url, PARTITIONS) as client:
        for path in ("orders", "orders/o1", "orders/o1/history", "orders/o1?at=1", "snapshot", "board", "counts"):
            first = await client.get(f"/v1/venues/bar/{path}")
            same = await client.get(f"/v1/venues/bar/{path}", headers={"If-None-Match": first.headers["ETag"]})
            assert (same.status_code, same.content) == (304, b""), path
        board = (await client.get("/v1/venues/bar/board")).json()
        entries = {entry["status"]: entry["orders"] for entry in board["statuses"]}
        assert entries == {"placed": 0, "accepted": 1, "preparing": 0, "ready": 0}
