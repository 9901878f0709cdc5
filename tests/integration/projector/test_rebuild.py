"""Read models made anew beside the served ones, while orders come in and readers read; whatever is killed goes on."""

import asyncio
import signal
from contextlib import suppress
from random import Random

import asyncpg

from infra.eventually import eventually
from infra.operating import operate, start
from infra.random_log import Entry, RandomLog, entry_of, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from projector.schema import migrate

VENUES = ("osteria", "kiosk", "bar", "cantina", "bistro", "grill")


def hostile(seed: str, length: int) -> list[Entry]:
    return RandomLog(Random(seed), VENUES, PARTITIONS).entries(length)


async def test_a_rebuild_while_orders_come_in_is_the_fold_of_the_log(world: World) -> None:
    entries = hostile("rebuild", 4000)
    await world.append(entries[:2500])
    async with world.running():
        await world.caught_up(2500)
        await world.query("UPDATE orders SET display_number = 'wrong', created_at = now()")  # what a rebuild is for
        await world.query("DELETE FROM order_events WHERE version = 2")
        appending = asyncio.create_task(world.append(entries[2500:], pause_every=10))
        ended = await operate(world, "rebuild", "--json")
        await appending
        assert ended.code == 0, ended.told
        await world.caught_up(len(entries))
    await world.agrees()
    assert ended.result["records"] >= 2500
    assert await schemas(world) == {SCHEMA}
    assert await constraints(world) == await constraints_of_a_fresh_schema(world)


async def schemas(world: World) -> set[str]:
    rows = await world.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE $1", f"{SCHEMA}%")
    return {row["nspname"] for row in rows}


async def constraints(world: World, schema: str = SCHEMA) -> set[str]:
    rows = await world.query(
        "SELECT tablename || ': ' || indexdef AS it FROM pg_indexes WHERE schemaname = $1 "
        "UNION SELECT conrelid::regclass::text || ': ' || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = to_regnamespace($1)",
        schema,
    )
    every = {row["it"].replace(f"{schema}.", "") for row in rows}
    return {one for one in every if not one.startswith("order_events_2")}  # months come with their orders


async def constraints_of_a_fresh_schema(world: World) -> set[str]:
    await asyncio.to_thread(migrate, world.database_url, "fresh")
    return await constraints(world, "fresh")


async def test_killed_anywhere_it_goes_on_where_it_was(world: World) -> None:
    entries = hostile("killed rebuild", 6000)
    await world.append(entries)
    async with world.running(BATCH_RECORDS="1000"):
        await world.caught_up(len(entries))
        killed = 0
        for moment in (0.7, 1.2, 1.6, 2.0):
            process = await start(world, "rebuild", "--json")
            await asyncio.sleep(moment)
            with suppress(ProcessLookupError):  # a quick machine may have done it all by then
                process.kill()
            await process.communicate()
            killed += process.returncode == -signal.SIGKILL
            await the_guard_is_gone(world)
        assert killed, "it was always done before it was killed: it proves nothing"
        ended = await operate(world, "rebuild", "--json")
        assert ended.code == 0, ended.told
    await world.agrees()
    assert await schemas(world) == {SCHEMA}


async def test_connections_cut_while_it_fills_follows_and_swaps(world: World) -> None:
    entries = hostile("cut rebuild", 1500)
    await world.append(entries)
    over = asyncio.Event()

    async def cut() -> int:
        cuts = 0
        while not over.is_set():
            cuts += len(await world.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'projector' AND datname = current_database()"
            ))  # fmt: skip
            await asyncio.sleep(Random(cuts).random() / 3 * (1 + cuts / 20))  # ever rarer: a slow one gets there too
        return cuts

    async with world.running():
        await world.caught_up(len(entries))
        cutting = asyncio.create_task(cut())
        for _ in range(2):
            ended = await operate(world, "rebuild")
            assert ended.code == 0, ended.told
        over.set()
        assert await cutting > 0
        await world.append(entries[:10])  # repeats, which change nothing
        await world.caught_up(len(entries) + 10)
    await world.agrees()


async def the_guard_is_gone(world: World) -> None:
    async def gone() -> bool:
        return not await world.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1")

    await eventually(gone, what="the killed one's lock")


def all_accepted(length: int) -> list[Entry]:
    """A log without losers: records, events and versions are as many as each other."""
    entries = []
    for number in range(length):
        order, version = f"order-{number % 40}", number // 40 + 1
        parent = f"{order}-{version - 1}" if version > 1 else None
        change = {"status": "placed" if version == 1 else "ready"}
        venue = VENUES[number % 40 % len(VENUES)]
        event = order_event(order, venue, version, parent, f"{order}-{version}", change)
        entries.append(entry_of(event, PARTITIONS))
    return entries


async def test_readers_never_see_rows_of_one_schema_and_positions_of_the_other(world: World) -> None:
    entries = all_accepted(60_000)
    await world.append(entries[:1000])
    rebuilt, stop, seen = asyncio.Event(), asyncio.Event(), []

    async def append() -> int:
        for first in range(1000, len(entries), 10):
            if rebuilt.is_set():
                return first
            await world.append(entries[first : first + 10])
        raise AssertionError("orders were to come in all the time")

    async def read() -> None:
        """As order-api and snapshots do: positions first, then rows, in one snapshot, by prepared statements."""
        connection = await asyncpg.connect(world.database_url, server_settings={"search_path": SCHEMA})
        try:
            while not stop.is_set():
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    at = await connection.fetchval("SELECT sum(next) FROM positions")
                    await asyncio.sleep(0.02)
                    trail = await connection.fetchval("SELECT count(*) FROM order_events")
                    orders = await connection.fetchval("SELECT coalesce(sum(version), 0) FROM orders")
                    seen.append((at, trail, orders))
        finally:
            await connection.close()

    async with world.running(BATCH_RECORDS="20"):
        await world.caught_up(1000)
        readers = [asyncio.create_task(read()) for _ in range(4)]
        appending = asyncio.create_task(append())
        for _ in range(2):
            ended = await operate(world, "rebuild", "--json")
            assert ended.code == 0, ended.told
        rebuilt.set()
        await world.caught_up(await appending)
        stop.set()
        await asyncio.gather(*readers)
    assert len(seen) > 50
    assert [one for one in seen if len(set(one)) > 1] == [], "position, trail and rows are of one moment"


async def test_a_second_one_is_told_to_wait(world: World) -> None:
    async with world.running():
        await world.ready()
    holder = await asyncpg.connect(world.database_url)
    try:
        await holder.execute("SELECT pg_advisory_lock(hashtext($1))", f"of {SCHEMA}")
        for words in (["rebuild"], ["verify"], ["dead-letters", "discard", "o1", "--note", "x"]):
            ended = await operate(world, *words)
            assert ended.code == 3
            assert "running already" in ended.told
    finally:
        await holder.close()


async def test_a_view_elsewhere_keeps_the_old_rows_and_is_named(world: World) -> None:
    await world.append(hostile("view", 50))
    async with world.running():
        await world.caught_up(50)
        await world.query("CREATE VIEW public.sales AS SELECT venue_id FROM orders")
        await world.query("CREATE ROLE reader_of_rebuilt")
        try:
            await world.query(f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader_of_rebuilt")
            await world.query(f"GRANT SELECT ON {SCHEMA}.orders TO reader_of_rebuilt")
            ended = await operate(world, "rebuild")
            assert ended.code == 0, ended.told
            assert "public.sales" in ended.told
            may = await world.query("SELECT has_table_privilege('reader_of_rebuilt', 'orders', 'SELECT') AS it")
            assert may[0]["it"]
        finally:
            await world.query("DROP OWNED BY reader_of_rebuilt")
            await world.query("DROP ROLE reader_of_rebuilt")
    assert await schemas(world) == {SCHEMA, f"{SCHEMA}_retired"}
    await world.agrees()


async def test_before_any_projector_has_run_it_makes_the_first_rows(world: World) -> None:
    await world.append(hostile("first", 300))
    ended = await operate(world, "rebuild", "--json")
    assert ended.code == 0, ended.told
    assert ended.result["records"] == 300
    await world.agrees()
