"""Reports from a real replica: answered while it follows, refused in words once it is too far behind, then again."""

from collections.abc import Iterator

import asyncpg
import pytest

from infra.eventually import eventually
from infra.query_client import query_api, token
from infra.replica import Pair, replicated
from infra.running_projector import PARTITIONS, SCHEMA
from projector.schema import migrate

SALES = "/v1/venues/bar/analytics/sales?from=2026-11-24&to=2026-11-26"
BEARER = {"Authorization": f"Bearer {token(['bar'], scopes=('analytics:read',))}"}
SOLD = """
INSERT INTO sales_by_hour VALUES
    ('bar', '2026-11-24 12:00Z', '2026-11-24', 'EUR', 'org-1', 1, 0, 500, 0, 0, 0, 0, 0, 0, 0)
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with replicated() as running:
        migrate(running.primary, SCHEMA)
        yield running


async def run(address: str, *statements: str) -> None:
    connection = await asyncpg.connect(address, server_settings={"search_path": SCHEMA})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_replica_that_falls_behind_is_not_believed_until_it_has_caught_up(pair: Pair) -> None:
    more = {"analytics_database_url": pair.replica, "analytics_lag_seconds": 0.5}
    await run(pair.primary, "INSERT INTO positions VALUES (0, '0123abcd', 0, NULL)", SOLD)
    async with query_api(pair.primary, PARTITIONS, **more) as client:

        async def orders() -> int | str:
            answer = await client.get(SALES, headers=BEARER)
            if answer.status_code == 503:
                return str(answer.json()["code"])
            return sum(row["orders"] for row in answer.json()["rows"])

        async def told(wanted: int | str) -> None:
            async def is_told() -> bool:
                found = await orders()
                assert found == wanted, found
                return True

            await eventually(is_told, what=f"{wanted!r} from the replica")

        await told(1)
        await run(pair.replica, "SELECT pg_wal_replay_pause()")
        await run(pair.primary, "UPDATE positions SET next = 1, lineage = 'x'", "UPDATE sales_by_hour SET orders = 2")
        await told("replica_behind")
        await run(pair.replica, "SELECT pg_wal_replay_resume()")
        await told(2)
