"""Every row compared with what the log gives: equal says equal, and whatever is changed by hand is named."""

import asyncio
from random import Random

import pytest

from infra.operating import ended, operate, start
from infra.random_log import Entry, RandomLog
from infra.running_projector import PARTITIONS, World
from infra.services import Backing
from local_stack.ports import unused_port

_AGAIN = """INSERT INTO stage_times SELECT venue_id, hour, business_date, stage, station, from_seconds, organization_id,
below_seconds, 1, 0 FROM stage_times ORDER BY stays DESC LIMIT 1"""
VENUES = ("osteria", "kiosk", "bar", "cantina")


def hostile(seed: str, length: int) -> list[Entry]:
    return RandomLog(Random(seed), VENUES, PARTITIONS).entries(length)


async def test_equal_while_orders_come_in_and_different_once_a_row_was_changed(world: World) -> None:
    entries = hostile("verify", 3000)
    await world.append(entries[:2000])
    async with world.running():
        await world.caught_up(2000)
        appending = asyncio.create_task(world.append(entries[2000:], pause_every=5))
        equal = await operate(world, "verify", "--json")
        assert equal.code == 0, equal.said + equal.told
        assert equal.result["rows"]["orders"] > 10
        await appending
        await world.caught_up(len(entries))

        changed, *_ = await world.query("UPDATE orders SET payment = 'in shells' WHERE version = 3 RETURNING order_id")
        others = (await world.query("SELECT count(*) FROM orders WHERE version = 3"))[0][0]
        [gone] = await world.query(
            "DELETE FROM order_events WHERE event_id IN (SELECT min(event_id) FROM order_events) "
            "RETURNING order_id, version"
        )
        await world.query("INSERT INTO venue_status_counts VALUES ('nowhere', 'placed', 'org-1', 5)")
        [stay] = await world.query(f"{_AGAIN} RETURNING venue_id, stage, station, from_seconds")
        different = await operate(world, "verify", "--json", "--limit", "1000")
    assert different.code == 1, different.told
    found = different.result["differences"]
    rows = [one for one in found if one["table"] == "orders"]
    assert len(rows) == others
    assert changed["order_id"] in {one["key"]["order_id"] for one in rows}
    assert all([*one["columns"]] == ["payment"] and one["columns"]["payment"][0] == "in shells" for one in rows)
    times, missing, unexpected = (one for one in found if one["table"] != "orders")
    assert (times["table"], times["kind"], [*times["columns"]]) == ("analytics_times", "different", ["stays"])
    assert times["key"].items() >= dict(stay).items()
    assert (missing["table"], missing["kind"]) == ("order_events", "missing")
    assert missing["key"].items() >= {"order_id": gone["order_id"], "version": gone["version"]}.items()
    assert unexpected == {
        "table": "venue_status_counts",
        "key": {"venue_id": "nowhere", "status": "placed", "organization_id": "org-1"},
        "kind": "unexpected",
        "columns": {},
    }
    bounded = await operate(world, "verify", "--limit", "1")
    assert bounded.code == 1
    assert "at least 1 rows differ" in bounded.said


async def test_rows_that_are_not_there_are_said_so(world: World) -> None:
    missing = await operate(world, "verify")
    assert missing.code == 3
    assert "no schema" in missing.told


async def test_wrong_settings_are_named_each(world: World) -> None:
    wrong = await ended(await start(world, "lag", KAFKA_BOOTSTRAP_SERVERS="", DATABASE_URL="mysql://x"))
    assert wrong.code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS" in wrong.told
    assert "DATABASE_URL: " in wrong.told


async def test_as_a_process_it_prints_json_and_ends_with_the_code_of_its_verdict(world: World) -> None:
    await world.append(hostile("process", 100))
    async with world.running():
        await world.caught_up(100)
        equal = await ended(await start(world, "verify", "--json"))
        assert (equal.code, equal.result["equal"]) == (0, True)
        await world.query("UPDATE orders SET status = 'eaten'")
        different = await ended(await start(world, "verify"))
    assert different.code == 1
    assert 'status is "eaten", the log gives' in different.said


@pytest.mark.parametrize("command", [("lag",), ("verify",), ("rebuild",), ("dead-letters", "list")])
async def test_who_can_not_be_reached_is_named_and_nothing_is_on_stdout(
    backing: Backing, topic: str, command: tuple[str, ...]
) -> None:
    nobody = f"127.0.0.1:{unused_port()}"
    ended = await operate(World(backing.kafka, topic, f"postgresql://postgres@{nobody}/orders"), *command, "--json")
    assert (ended.code, ended.said) == (3, "")
    assert ended.told.startswith("not done: Postgres can't be reached: ")
