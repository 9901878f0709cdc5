"""Migrations on tables that are in use: the documented way, CONCURRENTLY and outside of a transaction."""

import asyncio
from pathlib import Path
from random import Random

import asyncpg
import pytest

from infra.operating import operate
from infra.random_log import RandomLog
from infra.running_projector import PARTITIONS, SCHEMA, World
from projector import schema
from projector.schema import migrate

_TABLE = "-- depends:\nCREATE TABLE busy (id integer);\nINSERT INTO busy SELECT generate_series(1, 20000);\n"
_STAY = "INSERT INTO stage_times VALUES ('bar', '2026-11-20', '2026-11-20', 'ready', '', 5, 'org', 6, $1, $2)"
_INDEX = "-- transactional: false\n-- depends: 0001.table\nCREATE INDEX CONCURRENTLY busy_id ON busy (id);\n"


async def test_an_index_is_built_concurrently_while_other_processes_want_to_migrate_too(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "0001.table.sql").write_text(_TABLE)
    assert await asyncio.to_thread(migrate, world.database_url, "live", tmp_path) == ["0001.table"]
    (tmp_path / "0002.index.sql").write_text(_INDEX)
    starts = (asyncio.to_thread(migrate, world.database_url, "live", tmp_path) for _ in range(4))
    async with asyncio.timeout(20):
        applied = await asyncio.gather(*starts)
    assert sorted(applied) == [[], [], [], ["0002.index"]]
    [index] = await world.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'live.busy_id'::regclass")
    assert index["indisvalid"]


def migrations_before(name: str, folder: Path, *as_they_were: tuple[str, str]) -> Path:
    for one in (Path(schema.__file__).parent / "migrations").glob("*.sql"):
        if one.name < name:
            text = one.read_text()
            for now, then in as_they_were:
                text = text.replace(now, then)
            (folder / one.name).write_text(text)
    return folder


async def kept_as(world: World) -> set[str]:
    columns = "SELECT data_type FROM information_schema.columns WHERE column_name IN ('document', 'pace', 'event')"
    return {row["data_type"] for row in await world.query(f"{columns} AND table_schema = $1", SCHEMA)}


async def test_a_schema_made_with_json_and_the_databases_collation_is_written_and_equals_one_made_now(
    world: World, tmp_path: Path
) -> None:
    then = (
        ("TYPE text USING document::text", "TYPE json USING document::text::json"),
        ("pace        text", "pace        json"),
        ("event           text  ", "event           json  "),
        (' COLLATE "C"', ""),
    )
    before = migrations_before("0023", tmp_path, *then)
    await asyncio.to_thread(migrate, world.database_url, SCHEMA, before)
    entries = RandomLog(Random("made before"), ("bar", "osteria"), PARTITIONS).entries(600)
    await world.append(entries[:500])
    async with world.running():
        await world.caught_up(500)
        assert await kept_as(world) == {"json"}
        await world.agrees()
        equal = await operate(world, "verify", "--json")
        assert equal.code == 0, equal.said + equal.told
        rebuilt = await operate(world, "rebuild", "--json")
        assert rebuilt.code == 0, rebuilt.told
        assert await kept_as(world) == {"text"}
        await world.append(entries[500:])
        await world.caught_up(600)
        await world.agrees()


async def test_times_that_an_older_release_added_up_stay_and_are_added_to(world: World, tmp_path: Path) -> None:
    before = migrations_before("0023", tmp_path)
    await asyncio.to_thread(migrate, world.database_url, SCHEMA, before)
    await world.query(_STAY, 3, 15_100)
    with pytest.raises(asyncpg.UniqueViolationError):
        await world.query(_STAY, 1, 5_000)
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    await world.query(_STAY, 1, 5_000)
    [added] = await world.query("SELECT stays, milliseconds FROM analytics_times")
    assert tuple(added) == (4, 20_100)
    await world.query(_STAY, -4, -20_100)
    assert await world.query("SELECT FROM analytics_times") == []
