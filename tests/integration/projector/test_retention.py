"""Histories go by whole months; what was given up on purpose comes back by no rebuild and is no difference."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from infra.operating import operate
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from projector.operations.refusal import Refusal
from projector.operations.retention import retain


def event(order: str, version: int, status: str) -> Entry:
    parent = f"{order}-{version - 1}" if version > 1 else None
    whole = order_event(order, "bar", version, parent, f"{order}-{version}", {"status": status})
    return entry_of(whole, PARTITIONS)


async def test_months_go_and_stay_away(world: World) -> None:
    await world.append([event("o1", 1, "placed"), event("o1", 2, "completed"), event("o2", 1, "placed")])
    later = datetime.now(UTC) + timedelta(days=70)
    async with world.running():
        await world.caught_up(3)
        connection = await asyncpg.connect(world.database_url, server_settings={"search_path": SCHEMA})
        try:
            with pytest.raises(Refusal, match="1 orders from before"):
                await retain(connection, months=1, now=later, dry=False, open_too=False)
            with pytest.raises(Refusal, match="at least 1 month"):
                await retain(connection, months=0, now=later, dry=False, open_too=True)
            dry = await retain(connection, months=1, now=later, dry=True, open_too=True)
            assert len(dry.dropped) == 1
            assert (await world.query("SELECT count(*) FROM order_events"))[0][0] == 3
            await retain(connection, months=1, now=later, dry=False, open_too=True)
        finally:
            await connection.close()
        assert await world.query("SELECT FROM order_events") == []
        assert len(await world.query("SELECT FROM orders")) == 2

        await world.append([event("o2", 2, "ready")])  # of a month that is no longer there
        await world.caught_up(4)
        assert await world.query("SELECT FROM dead_letters") == []
        assert (await operate(world, "verify")).code == 0
        rebuilt = await operate(world, "rebuild")
        assert rebuilt.code == 0, rebuilt.told
        assert await world.query("SELECT FROM order_events") == []
        equal = await operate(world, "verify")
        assert equal.code == 0, equal.said
    assert (await world.tables()).orders["o2"][0] == 2


async def test_the_present_months_are_kept(world: World) -> None:
    await world.append([event("o1", 1, "completed")])
    async with world.running():
        await world.caught_up(1)
    kept = await operate(world, "retention", "--months", "3", "--json")
    assert kept.code == 0, kept.told
    assert kept.result["dropped"] == []
    assert (await world.query("SELECT count(*) FROM order_events"))[0][0] == 1
