"""Puts one schema in the place of another in a single transaction, while readers and the projector go on.

How they find the current one: by its name. All tables of the old schema are locked first, so every transaction that
has touched one of them has ended, and every one that comes later resolves the name after COMMIT: a reader never sees
positions of one schema and rows of the other. The projector's first statement is the compare-and-set on `positions`:
it waits at that lock, then meets the new table, whose revision is another one and fences it off: it goes on from the
new positions, with the new rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from projector.operations.locking import with_short_locks
from projector.schema import MIGRATION_LOCK

CatchUp = Callable[[Mapping[int, int]], Awaitable[None]]

_TABLES = """
SELECT format('%I.%I', $1::text, relname) AS name FROM pg_class
WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p') AND NOT relispartition AND relname !~ 'yoyo'
ORDER BY relname <> 'positions', relname
"""

# Any revision that never was: the projector keeps no row of the old schema at hand.
_REVISE = 'UPDATE "{}".positions SET revision = (extract(epoch FROM clock_timestamp()) * 1000)::bigint'

_GRANTS = """
SELECT format('GRANT %s ON SCHEMA %I TO %s', one.privilege_type, $2::text, one.who) AS statement
FROM pg_namespace, LATERAL (SELECT privilege_type, grantee, CASE grantee WHEN 0 THEN 'PUBLIC'
     ELSE quote_ident(pg_get_userbyid(grantee)) END AS who FROM aclexplode(nspacl)) AS one
WHERE nspname = $1 AND one.grantee <> nspowner
UNION ALL
SELECT format('GRANT %s ON %I.%I TO %s', one.privilege_type, $2::text, held.relname, one.who)
FROM pg_class AS held
JOIN pg_class AS new ON new.relname = held.relname AND new.relnamespace = to_regnamespace($2),
LATERAL (SELECT privilege_type, grantee, CASE grantee WHEN 0 THEN 'PUBLIC'
     ELSE quote_ident(pg_get_userbyid(grantee)) END AS who FROM aclexplode(held.relacl)) AS one
WHERE held.relnamespace = to_regnamespace($1) AND held.relkind IN ('r', 'p', 'v', 'm') AND one.grantee <> held.relowner
"""


async def copy_grants(connection: asyncpg.Connection, old: str, new: str) -> None:
    """Let whoever may read the old schema read the new one."""
    for grant in await connection.fetch(_GRANTS, old, new):
        await connection.execute(grant["statement"])


async def swap(
    connection: asyncpg.Connection,
    *,
    epoch: str,
    served: str,
    shadow: str,
    retired: str,
    before: Callable[[], Awaitable[None]],
    catch_up: CatchUp,
) -> None:
    """Serve `shadow` under the name `served`; the old schema is `retired` afterwards. Raises Refusal.

    `before` brings the shadow near the log's end, with nobody waiting. `catch_up` brings it to given positions: it is
    asked once the old ones stand still, so that nobody who reads afterwards finds the rows further back than before.
    """

    async def work() -> None:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        tables = [row["name"] for row in await connection.fetch(_TABLES, served)]
        if tables:
            await connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
            rows = await connection.fetch(f'SELECT partition, next FROM "{served}".positions WHERE epoch = $1', epoch)  # noqa: S608
            async with asyncio.timeout(2):
                await catch_up({row["partition"]: row["next"] for row in rows})
            await connection.execute(f'ALTER SCHEMA "{served}" RENAME TO "{retired}"')
        await connection.execute(_REVISE.format(shadow))
        await connection.execute(f'DROP TABLE "{shadow}".shadow, "{shadow}".shadow_indexes')
        await connection.execute(f'ALTER SCHEMA "{shadow}" RENAME TO "{served}"')

    await with_short_locks(connection, work, before=before)
