"""Quarantined orders: listed, shown, replayed all or none, passed over; and then rows are what a rebuild gives."""

import pytest

from infra.operating import operate
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, World


def event(order: str, version: int, **change: object) -> Entry:
    parent = f"{order}-{version - 1}" if version > 1 else None
    return entry_of(order_event(order, "bar", version, parent, f"{order}-{version}", change), PARTITIONS)


def broken(order: str, version: int) -> Entry:
    whole = order_event(order, "bar", version, f"{order}-{version - 1}", f"{order}-{version}", {})
    return entry_of(whole, PARTITIONS, value=b"{not json")


@pytest.fixture
async def refusing(world: World) -> World:
    """A world whose Postgres refuses a status for a while: o1 waits with three events, o2 with none."""
    await world.append([event("o1", 1, status="placed"), event("o2", 1, status="placed")])
    async with world.running():
        await world.caught_up(2)
        await world.query("ALTER TABLE orders ADD CONSTRAINT no_magic CHECK (status <> 'magic')")
        await world.append(
            [event("o1", 2, status="magic"), event("o1", 3, notes="later"), event("o2", 2, status="ready")]
        )
        await world.append([event("o1", 4, notes="last")])
        await world.caught_up(6)
    return world


async def test_what_is_refused_no_longer_is_replayed_whole_and_in_order(refusing: World) -> None:
    world = refusing
    [listed] = (await operate(world, "dead-letters", "list", "--json")).result
    assert (listed["order_id"], listed["version"], listed["letters"]) == ("o1", 2, 3)
    assert "no_magic" in listed["reason"]
    shown = (await operate(world, "dead-letters", "show", "o1", "--json")).result
    assert [one["version"] for one in shown] == [2, 3, 4]
    assert '"status":"magic"' in shown[0]["value"]

    before = await world.tables()
    still = await operate(world, "dead-letters", "replay", "o1")
    assert still.code == 1
    assert "no_magic" in still.said
    assert await world.tables() == before, "nothing was changed"

    await world.query("ALTER TABLE orders DROP CONSTRAINT no_magic")
    replayed = await operate(world, "dead-letters", "replay", "--all", "--json")
    assert replayed.code == 0, replayed.told
    assert replayed.result["replayed"] == [{"order_id": "o1", "projected": 3, "waiting": 0, "reason": None}]
    assert "no order is quarantined" in (await operate(world, "dead-letters", "list")).said
    await world.agrees()
    verified = await operate(world, "verify")
    assert verified.code == 0, verified.said
    async with world.running():
        await world.append([event("o1", 5, status="completed")])
        await world.caught_up(7)
    assert (await world.tables()).orders["o1"][:3] == (5, "o1-5", "completed")


async def test_a_discarded_event_is_passed_over_by_projector_and_rebuild_alike(world: World) -> None:
    await world.append([event("o1", 1, status="placed"), broken("o1", 2), event("o1", 3, status="ready")])
    await world.append([event("o1", 4, notes="no onions")])
    async with world.running():
        await world.caught_up(4)
        discarded = await operate(world, "dead-letters", "discard", "o1", "--note", "typed by a cat", "--json")
        assert discarded.code == 0, discarded.told
        assert discarded.result["projected"] == 2
        assert await world.query("SELECT FROM positions WHERE revision = 1"), "rows at hand are not to be used"
        await world.append([event("o1", 5, status="completed")])
        await world.caught_up(5)
    rows = await world.query("SELECT * FROM orders")
    assert [(row["version"], row["head"], row["status"]) for row in rows] == [(5, "o1-5", "completed")]
    letters = await world.query("SELECT version, discard_note FROM dead_letters")
    assert [tuple(row) for row in letters] == [(2, "typed by a cat")]
    trail = await world.query("SELECT version FROM order_events ORDER BY version")
    assert [row["version"] for row in trail] == [1, 3, 4, 5]

    verified = await operate(world, "verify")
    assert verified.code == 0, verified.said
    assert (await operate(world, "rebuild")).code == 0
    assert await world.query("SELECT * FROM orders") == rows
    assert (await operate(world, "verify")).code == 0


async def test_what_stands_behind_a_discarded_event_and_is_refused_too_waits_on(world: World) -> None:
    await world.append([event("o1", 1, status="placed"), broken("o1", 2), broken("o1", 3), event("o1", 4, notes="x")])
    async with world.running():
        await world.caught_up(4)
        first = await operate(world, "dead-letters", "discard", "o1", "--note", "bad")
        assert "2 wait still" in first.said
        assert (await world.query("SELECT version FROM orders"))[0]["version"] == 2
        second = await operate(world, "dead-letters", "discard", "o1", "--note", "bad too", "--json")
        assert second.result == {"order_id": "o1", "projected": 1, "waiting": 0, "reason": None}
    assert (await world.query("SELECT version FROM orders"))[0]["version"] == 4
    verified = await operate(world, "verify")
    assert verified.code == 0, verified.said


async def test_the_event_that_placed_an_order_is_not_passed_over(world: World) -> None:
    nothing = entry_of(order_event("o1", "bar", 1, None, "o1-1", {}), PARTITIONS, value=b"{not json")
    await world.append([nothing, event("o1", 2, status="ready")])
    async with world.running():
        await world.caught_up(2)
    refused = await operate(world, "dead-letters", "discard", "o1", "--note", "x")
    assert refused.code == 3
    assert "very first event" in refused.told
    assert len((await world.tables()).dead_letters) == 2


async def test_orders_without_letters_are_told_so(world: World) -> None:
    async with world.running():
        await world.ready()
    for action in (["show", "o9"], ["replay", "o9"], ["discard", "o9", "--note", "x"]):
        ended = await operate(world, "dead-letters", *action)
        assert ended.code == 3
        assert "`projector dead-letters list`" in ended.told


async def test_the_lag_is_told_by_partition_in_records_and_seconds(world: World) -> None:
    await world.append([event("o1", 1, status="placed")])
    early = await operate(world, "lag")
    assert early.code == 3
    assert "start `projector run` first" in early.told
    async with world.running():
        await world.caught_up(1)
    assert (await operate(world, "lag", "--json")).result["records"] == 0
    await world.append([event("o1", version, notes="x") for version in (2, 3)])
    behind = (await operate(world, "lag", "--json")).result
    assert behind["records"] == 2
    assert behind["seconds"] > 0
    [late] = [one for one in behind["partitions"] if one["records"]]
    assert (late["next"], late["end"]) == (1, 3)
    assert "total" in (await operate(world, "lag")).said
