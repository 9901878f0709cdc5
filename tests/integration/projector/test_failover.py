"""Postgres goes over to a standby that lost the last commits, or is cut off in the middle of COMMIT: rows are right.

CHAOS_CUTS makes it harder: `make chaos`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from infra.cutting_proxy import Cuts, cutting
from infra.eventually import eventually
from infra.own_postgres import OwnPostgres
from infra.random_log import Entry, RandomLog
from infra.running_projector import PARTITIONS, World
from infra.services import Backing, state_folder

VENUES = ("osteria", "kiosk", "bar", "cantina")
CUTS = int(os.environ.get("CHAOS_CUTS", "10"))


def hostile(seed: str, length: int) -> list[Entry]:
    return RandomLog(Random(seed), VENUES, PARTITIONS).entries(length)


@pytest.mark.timeout(300 + 3 * CUTS)
async def test_cut_off_in_the_middle_of_commit(world: World) -> None:
    cuts, log = Cuts(CUTS), RandomLog(Random("commit"), VENUES, PARTITIONS)
    async with cutting(world.database_url, cuts) as url, world.running(DATABASE_URL=url, BATCH_RECORDS="20"):
        while cuts.done < cuts.wanted:
            entries = log.entries(100)
            await world.append(entries[-100:], pause_every=10)
            await world.caught_up(len(entries), within=60)
        assert abs(cuts.swallowed - cuts.unanswered) <= 1
        assert await world.metric("projector_database_errors_total") >= CUTS
    await world.agrees()


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_folder() as made:
        yield made


async def test_over_to_a_standby_that_lost_the_last_commits(backing: Backing, topic: str, folder: Path) -> None:
    primary = OwnPostgres(folder / "primary")
    await primary.start()
    standby = primary.standby(folder / "standby")
    try:
        await standby.start()
        both = primary.url.replace(f":{primary.port}/", f":{primary.port},127.0.0.1:{standby.port}/")
        entries = hostile("failover", 900)
        world = World(backing.kafka, topic, primary.url)
        survivor = World(backing.kafka, topic, standby.url)
        async with world.running(DATABASE_URL=both, BATCH_RECORDS="20"):
            await world.append(entries[:300])
            await world.caught_up(300)
            await survivor.caught_up(300)
            standby.execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
            await eventually(lambda: nothing_received(survivor), what="the replication's end")
            await world.append(entries[300:600])
            await world.caught_up(600)  # and these commits are lost now
            primary.execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
            standby.execute("SELECT pg_promote()")
            await world.append(entries[600:])
            await survivor.caught_up(len(entries), within=60)
            assert (await world.probe("/livez"))[0] == 200
        assert await world.projected() == 600, "the old primary was written no more"
        await survivor.agrees()
    finally:
        standby.stop()
        primary.stop()


async def nothing_received(world: World) -> bool:
    return not await world.query("SELECT FROM pg_stat_wal_receiver")


async def test_a_server_that_falls_silent_is_left_within_the_deadline(world: World) -> None:
    """Half-open: the network swallows everything. Deadlines on both sides, and the next try reaches the database."""
    entries = hostile("silent", 400)
    cuts = Cuts(0)
    slow = {"BATCH_RECORDS": "20", "DATABASE_COMMAND_SECONDS": "2"}
    async with cutting(world.database_url, cuts) as url, world.running(DATABASE_URL=url, **slow):
        await world.append(entries[:200])
        await world.caught_up(200)
        cuts.muted = True
        await world.append(entries[200:300])
        await eventually(lambda: cuts.silenced, what="a batch that nobody answers")
        cuts.muted = False
        await world.caught_up(300)
        await world.append(entries[300:])
        await world.caught_up(400)
    await world.agrees()
