"""Migrations on tables that are in use: the documented way, CONCURRENTLY and outside of a transaction."""

import asyncio
from pathlib import Path

from infra.running_projector import World
from projector.schema import migrate

_TABLE = "-- depends:\nCREATE TABLE busy (id integer);\nINSERT INTO busy SELECT generate_series(1, 20000);\n"
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
