"""Behind PgBouncer in transaction mode: projector, queries, rebuild and verify, as the documentation sets it up."""

import asyncio
from random import Random

import pytest

from infra.eventually import eventually
from infra.operating import operate
from infra.pgbouncer import pooled
from infra.random_log import RandomLog
from infra.running_projector import PARTITIONS, SCHEMA, World
from infra.services import state_folder
from projector.app import run
from projector.database import WrongSchema, open_pool
from projector.queries.order_lists import list_of_venue
from projector.queries.rows import Rows
from projector.queries.snapshots import Snapshots

VENUES = ("osteria", "kiosk", "bar", "cantina")


async def test_everything_works_behind_pgbouncer_and_outlives_its_restart(world: World) -> None:
    entries = RandomLog(Random("pooled"), VENUES, PARTITIONS).entries(1200)
    name = world.database_url.rpartition("/")[2]
    with state_folder() as folder, pooled(world.database_url, folder) as (url, bouncer):
        running = bouncer.spawn()
        behind = {
            "DATABASE_URL": url,
            "DATABASE_DIRECT_URL": world.database_url,
            "DATABASE_PREPARED_STATEMENTS": "false",
            "BATCH_RECORDS": "20",
        }
        try:
            await eventually(bouncer.is_ready, what="PgBouncer")
            with pytest.raises(WrongSchema, match="ALTER ROLE"):  # a pooler that drops what it is told is found out
                await run(world.settings(**behind))
            await on_the_role(world, name)
            running.kill()  # its connections were made before
            running.wait(10)
            running = bouncer.spawn()
            await eventually(bouncer.is_ready, what="PgBouncer")
            async with world.running(**behind), world.running("two", **behind):
                await world.append(entries[:600])
                await world.caught_up(600)
                running.kill()
                running.wait(10)
                await world.append(entries[600:900])
                running = bouncer.spawn()
                await eventually(bouncer.is_ready, what="PgBouncer")
                appending = asyncio.create_task(world.append(entries[900:], pause_every=5))
                await many_snapshots(world, **behind)
                for command in ("rebuild", "verify"):
                    ended = await operate(world, command, **behind)
                    assert ended.code == 0, ended.told + ended.said
                await appending
                await world.caught_up(len(entries))
        finally:
            running.kill()
            running.wait(10)
    await world.agrees()
    held = await world.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = "
                             "(SELECT oid FROM pg_database WHERE datname = $1)", name)  # fmt: skip
    assert not held, "no lock is left behind on a pooled connection"


async def on_the_role(world: World, database: str) -> None:
    for setting in (f"search_path = {SCHEMA}", "statement_timeout = '10s'",
                    "idle_in_transaction_session_timeout = '10s'"):  # fmt: skip
        await world.query(f"ALTER ROLE postgres IN DATABASE {database} SET {setting}")


async def many_snapshots(world: World, **behind: str) -> None:
    """As many clients as would have a connection each: all are served by four."""
    pool = await open_pool(world.settings(**behind), connections=20, acquire_seconds=5, writes=False)
    try:
        rows = Rows(pool, acquire_seconds=5)
        snapshots, lists = Snapshots(rows, PARTITIONS), list_of_venue(rows)
        answers = await asyncio.gather(*(snapshots.load(venue) for venue in VENUES * 25))
        assert len(answers) == 100
        pages = await asyncio.gather(*(lists.page(venue, ["placed"], None, 5) for venue in VENUES * 10))
        assert len(pages) == 40
    finally:
        await pool.close()
