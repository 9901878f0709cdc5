"""A second schema beside the served one, filled from the log: made, resumed, indexed at the end, dropped.

Invariant: a schema that has the table `shadow` is whole but for the indexes listed in `shadow_indexes`. Whatever was
killed before that is made anew; whatever comes later is a transaction each, so that work goes on where it ended.
"""

import asyncio

import asyncpg

from projector.database import connect_directly
from projector.operations.decisions import copy_decisions, same_decisions
from projector.operations.refusal import Refusal
from projector.schema import migrate
from projector.settings import DatabaseSettings

_KEEP = "('dead_letters')"
_PRESENT = "SELECT to_regnamespace($1) IS NOT NULL"
_MARKED = "SELECT to_regclass($1 || '.shadow') IS NOT NULL"
_SAME = "SELECT epoch = $1 AND partitions = $2 AND migrations = $3 FROM shadow"

# What is only ever appended by COPY asks no index; upserts need their keys; the few dead letters are looked up.
_DEFER = f"""
CREATE TABLE shadow_indexes AS
SELECT table_of.relname::text AS table_name, index_of.relname::text AS name, made.conname IS NOT NULL AS is_constraint,
       CASE WHEN made.conname IS NULL THEN replace(pg_get_indexdef(index_of.oid), ' ON ONLY ', ' ON ')
            ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', table_of.relname, made.conname,
                        pg_get_constraintdef(made.oid)) END AS statement
FROM pg_index AS held
JOIN pg_class AS index_of ON index_of.oid = held.indexrelid
JOIN pg_class AS table_of ON table_of.oid = held.indrelid
LEFT JOIN pg_constraint AS made ON made.conindid = held.indexrelid AND made.contype IN ('p', 'u')
WHERE table_of.relnamespace = to_regnamespace($1) AND NOT table_of.relispartition
  AND table_of.relname !~ 'yoyo' AND table_of.relname NOT IN {_KEEP}
  AND (NOT held.indisunique OR table_of.relname = 'order_events')
"""  # noqa: S608  # a constant

_TABLES = """
SELECT format('%I.%I', $1::text, relname) AS name FROM pg_class
WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p') AND NOT relispartition
"""

_OUTSIDERS = """
SELECT DISTINCT format('%I.%I', home.nspname, outside.relname) AS name
FROM pg_depend AS need
JOIN pg_class AS inside ON inside.oid = need.refobjid AND inside.relnamespace = to_regnamespace($1)
JOIN pg_rewrite AS rule ON rule.oid = need.objid AND need.classid = 'pg_rewrite'::regclass
JOIN pg_class AS outside ON outside.oid = rule.ev_class
JOIN pg_namespace AS home ON home.oid = outside.relnamespace
WHERE home.nspname <> $1
"""


class Shadow:
    """One shadow schema, seen from one connection whose search_path it is."""

    def __init__(self, settings: DatabaseSettings, connection: asyncpg.Connection, *, served: str, schema: str) -> None:
        self._settings, self._connection = settings, connection
        self._served, self.schema = served, schema

    async def prepare(self, *, epoch: str, partitions: int, anew: bool) -> bool:
        """Make it, or say True: one of the same log, migrations and decisions is there and goes on."""
        if not anew and await self._usable(epoch, partitions):
            return True
        await self.drop()
        await asyncio.to_thread(migrate, self._settings.direct_address, self.schema)
        async with self._connection.transaction():
            await self._defer_indexes()
            await copy_decisions(self._connection, self._served, self.schema)
            await self._connection.execute(
                "INSERT INTO positions (partition, epoch, next) SELECT p, $1, 0 FROM generate_series(0, $2 - 1) AS p",
                epoch,
                partitions,
            )
            await self._connection.execute("CREATE TABLE shadow (epoch text, partitions integer, migrations text[])")
            known = await self._migrations()
            await self._connection.execute("INSERT INTO shadow VALUES ($1, $2, $3)", epoch, partitions, known)
        return False

    async def _usable(self, epoch: str, partitions: int) -> bool:
        if not await self._connection.fetchval(_MARKED, self.schema):
            return False
        await asyncio.to_thread(migrate, self._settings.direct_address, self.schema)
        same = await self._connection.fetchval(_SAME, epoch, partitions, await self._migrations())
        return bool(same) and await same_decisions(self._connection, self._served, self.schema)

    async def _migrations(self) -> list[str]:
        rows = await self._connection.fetch("SELECT migration_id FROM _yoyo_migration ORDER BY 1")
        return [row["migration_id"] for row in rows]

    async def _defer_indexes(self) -> None:
        await self._connection.execute(_DEFER.replace("$1", f"'{self.schema}'"))
        for index in await self._connection.fetch("SELECT * FROM shadow_indexes"):
            if index["is_constraint"]:
                await self._connection.execute(f'ALTER TABLE {index["table_name"]} DROP CONSTRAINT "{index["name"]}"')
            else:
                await self._connection.execute(f'DROP INDEX "{index["name"]}"')

    async def missing_indexes(self) -> int:
        """Count what `build_index` has still to do."""
        return int(await self._connection.fetchval("SELECT count(*) FROM shadow_indexes"))

    async def build_index(self) -> str | None:
        """Build one of the indexes that were put off, and name it; None when all are there."""
        async with self._connection.transaction():
            index = await self._connection.fetchrow("SELECT * FROM shadow_indexes ORDER BY table_name, name LIMIT 1")
            if index is None:
                return None
            await self._connection.execute(index["statement"])
            await self._connection.execute("DELETE FROM shadow_indexes WHERE name = $1", index["name"])
        return str(index["name"])

    async def analyze(self) -> None:
        """Let the planner know the new tables, before anybody asks them; those of other schemas it knows."""
        tables = [row["name"] for row in await self._connection.fetch(_TABLES, self.schema)]
        await self._connection.execute(f"ANALYZE {', '.join(tables)}")

    async def drop(self) -> None:
        """Remove it. Raises Refusal when a view elsewhere reads it."""
        await drop_schema(self._connection, self.schema)


async def drop_schema(connection: asyncpg.Connection, schema: str) -> None:
    """Remove a schema, if it is there. Raises Refusal when views of other schemas read its tables."""
    if not await connection.fetchval(_PRESENT, schema):
        return
    outsiders = [row["name"] for row in await connection.fetch(_OUTSIDERS, schema)]
    if outsiders:
        raise Refusal(
            f"the schema {schema} is kept: {', '.join(outsiders)} read it. Create those views anew (or in the served "
            f"schema), then drop it with: DROP SCHEMA {schema} CASCADE"
        )
    await connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


async def only_one(settings: DatabaseSettings, schema: str) -> asyncpg.Connection:
    """Connect with the right to rebuild or verify, which ends with the connection. Raises Refusal when it is taken."""
    connection = await connect_directly(settings, schema=schema)
    if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"of {settings.database_schema}"):
        await connection.close()
        raise Refusal("a rebuild or verify of this schema is running already: wait for it, or end it first")
    return connection
