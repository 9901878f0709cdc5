"""What a projector refuses to start on, or to go on with, and how it says so."""

import asyncio
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest

from infra.random_log import RandomLog, entry_of, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from infra.services import Backing
from order_contracts.channels import TOPIC_CONFIG
from projector.app import run
from projector.checkpoints import EpochMismatch
from projector.holdings import LineageBroken
from projector.log_contract import TopicUnfit, check_topic
from projector.schema import migrate

MIGRATIONS = Path(str(files("projector") / "migrations"))


async def halted(world: World, **more: str) -> None:
    async with asyncio.timeout(20):
        await run(world.settings("halting", **more))


async def test_a_topic_that_breaks_its_contract_is_refused_with_the_list_of_faults(
    backing: Backing, database_url: str
) -> None:
    config = {**TOPIC_CONFIG, "cleanup.policy": "compact", "message.timestamp.type": "CreateTime"}
    world = World(backing.kafka, backing.topic(partitions=3, config=config), database_url)
    with pytest.raises(TopicUnfit) as refusal:
        await halted(world)
    for word in ("cleanup.policy", "message.timestamp.type", "3 partitions"):
        assert word in str(refusal.value)


async def test_a_topic_that_is_not_there_is_refused(backing: Backing, database_url: str) -> None:
    with pytest.raises(TopicUnfit, match="not there"):
        await halted(World(backing.kafka, "orders.nowhere", database_url))


async def test_rows_of_another_epoch_are_not_mixed_with_this_ones(world: World) -> None:
    async with world.running():
        await world.ready()
    with pytest.raises(EpochMismatch, match="LOG_EPOCH"):
        await halted(world, LOG_EPOCH="2")


async def test_another_log_under_the_same_name_halts(world: World) -> None:
    entries = [
        entry_of(order_event(f"o{n}", "bar", 1, None, f"e{n}", {"status": "placed"}), PARTITIONS) for n in range(3)
    ]
    await world.append(entries)
    async with world.running():
        await world.caught_up(3)
    await world.query("UPDATE positions SET lineage = 'of another log' WHERE next > 0")
    with pytest.raises(LineageBroken, match="truncated or recreated"):
        await halted(world)


async def test_a_log_that_is_shorter_than_what_was_projected_halts(world: World) -> None:
    async with world.running():
        await world.ready()
    await world.query("UPDATE positions SET next = 9, lineage = 'x' WHERE partition = 1")
    with pytest.raises(LineageBroken, match="offset 9, the log has 0 to 0"):
        await halted(world)


async def test_migrating_twice_at_once_and_after_a_kill_gives_one_schema(world: World) -> None:
    applied = await asyncio.gather(*(asyncio.to_thread(migrate, world.database_url, SCHEMA) for _ in range(3)))
    assert sorted(map(len, applied))[:2] == [0, 0], "the first one does the work, all of it"
    await world.query("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")  # what kill -9 leaves
    assert await asyncio.to_thread(migrate, world.database_url, SCHEMA) == []
    indexes = {row["indexname"]: row["indexdef"] for row in await world.query("SELECT * FROM pg_indexes")}
    assert indexes["idx_orders_venue_status_created"].endswith("(venue_id, status, created_at DESC)")
    assert indexes["idx_orders_organization_status_created"].endswith("(organization_id, status, created_at DESC)")


async def test_rows_of_the_schema_before_are_made_anew_from_the_log(world: World) -> None:
    entries = RandomLog(Random("migrate"), ("bar", "osteria"), PARTITIONS).entries(200)
    await world.append(entries)
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    for back in sorted(MIGRATIONS.glob("*.rollback.sql"), reverse=True):
        if back.name > "0003":
            for statement in filter(str.strip, back.read_text().split(";")):
                await world.query(statement)
    await world.query("DELETE FROM _yoyo_migration WHERE migration_id > '0003'")
    await world.query(
        "INSERT INTO orders VALUES ('old', 'bar', 'o', 1, 'e1', 'placed', '', '', '', now(), now(), now(), '{}')"
    )
    await world.query(
        "INSERT INTO order_events VALUES ('old', 1, 'e1', 'order.placed.v1', 'bar', 'o', 0, 0, now(), '{}', 'f')"
    )
    epoch = await check_topic(world.settings("epoch"))
    await world.query("INSERT INTO positions SELECT p, $1, 1, 'x' FROM generate_series(0, 3) AS p", epoch)
    async with world.running():
        await world.caught_up(len(entries))
    await world.agrees()
