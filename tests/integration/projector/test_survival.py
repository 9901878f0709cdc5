"""Whatever is killed, cut or stopped in the middle: positions and rows move together, and the rows come out right.

CHAOS_PROJECTOR_KILLS and CHAOS_RESTARTS make it harder: `make chaos`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from subprocess import Popen

import asyncpg
import psycopg
import pytest
from psycopg.pq import ExecStatus

from infra.eventually import eventually
from infra.own_postgres import OwnPostgres
from infra.random_log import Entry, RandomLog, entry_of, order_event
from infra.running_projector import PARTITIONS, World, reaped
from infra.services import Backing, state_folder
from projector.changes import LogRecord
from projector.database import open_pool
from projector.read_models import Fenced, ReadModels, Step

KILLS = int(os.environ.get("CHAOS_PROJECTOR_KILLS", "3"))
RESTARTS = int(os.environ.get("CHAOS_RESTARTS", "2"))
VENUES = ("osteria", "kiosk", "bar", "cantina", "bistro", "grill")


def hostile(seed: str, length: int) -> list[Entry]:
    return RandomLog(Random(seed), VENUES, PARTITIONS).entries(length)


async def progress_beyond(world: World, records: int) -> None:
    async def moved() -> bool:
        return await world.projected() > records

    await eventually(moved, what=f"getting beyond {records}")


_HAS_MOVED_POSITIONS = """
SELECT backend_xid::text AS xid FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE application_name = 'projector' AND relation = to_regclass('read_models.positions') AND mode = 'RowExclusiveLock'
  AND backend_xid::text <> ALL($1::text[])
"""  # whoever has written nothing has no xid: no claim, no reading of rows
_HAS_ENDED = "SELECT nullif(pg_xact_status($1::text::xid8), 'in progress')"


@pytest.mark.timeout(300 + 7 * KILLS)
async def test_killed_inside_a_transaction_again_and_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    log = RandomLog(Random("kill"), VENUES, PARTITIONS)
    processes: list[Popen[bytes]] = []
    ends: dict[str, str] = {}  # of each transaction that one was killed in
    watching = await asyncpg.connect(world.database_url)
    try:
        while (rolled_back := list(ends.values()).count("aborted")) < KILLS:
            processes.append(world.process(GROUP_INSTANCE_ID="one", BATCH_RECORDS="5"))
            xid = await killed_inside_a_transaction(world, processes[-1], log, watching, known=list(ends))
            ends[xid] = await eventually(partial(watching.fetchval, _HAS_ENDED, xid), what="Postgres missing it")
        processes.append(world.process(GROUP_INSTANCE_ID="one"))  # in whole batches: what is left is not to be killed
        await world.caught_up(len(log.entries(0)), within=60)
    finally:
        await watching.close()
        reaped(processes)
    with capsys.disabled():
        sys.stdout.write(f"\n{rolled_back} kills rolled a transaction back, {len(ends) - rolled_back} hit its COMMIT\n")
    await world.agrees()


async def killed_inside_a_transaction(
    world: World, process: "Popen[bytes]", log: RandomLog, watching: asyncpg.Connection, known: list[str]
) -> str:
    """Stop it while it writes, look again, and kill it if it still does: what is stopped asks for no COMMIT.

    Gives the transaction that it was killed in, none that is known. The log grows only when all of it is projected:
    hundreds of kills leave one that can be folded.
    """

    async def caught_in() -> str:
        for _ in range(200):  # without a pause: a transaction takes milliseconds
            if await watching.fetchval(_HAS_MOVED_POSITIONS, known):
                process.send_signal(signal.SIGSTOP)
                if xid := await watching.fetchval(_HAS_MOVED_POSITIONS, known):
                    process.kill()
                    return str(xid)
                process.send_signal(signal.SIGCONT)
        if process.poll() is not None:
            pytest.fail(f"the projector ended by itself, with code {process.returncode}")
        projected, written = await world.projected(), len(log.entries(0))
        if projected == written:
            await world.append(log.entries(200)[-200:])
        raise AssertionError(f"{projected} of {written} records were projected")

    return await eventually(caught_in, within=120, what="catching it inside a transaction")


async def test_cancelled_anywhere_and_started_again(world: World) -> None:
    entries = hostile("cancel", 900)
    await world.append(entries)
    random = Random("moments")
    for number in range(4):
        async with world.running(f"try-{number}", BATCH_RECORDS="30"):
            await progress_beyond(world, number * 60)
            await asyncio.sleep(random.random() / 50)  # anywhere in a batch: between statements, before COMMIT, after
    async with world.running("last"):
        await world.caught_up(len(entries))
    await world.agrees()


async def test_connections_cut_while_writing_and_committing(world: World) -> None:
    entries = hostile("cut", 2500)
    async with world.running(BATCH_RECORDS="20"):
        appending = asyncio.create_task(world.append(entries, pause_every=20))
        for round_ in range(12):
            await progress_beyond(world, round_ * 40)
            await world.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'projector' AND datname = current_database()"
            )
        await appending
        await world.caught_up(len(entries), within=60)
        assert await world.metric("projector_database_errors_total") > 0
        assert (await world.probe("/livez"))[0] == 200
    await world.agrees()


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_folder() as made:
        yield made


@pytest.mark.timeout(300 + 10 * RESTARTS)
async def test_postgres_restarted_under_load(backing: Backing, topic: str, folder: Path) -> None:
    postgres, log = OwnPostgres(folder / "pg"), RandomLog(Random("restart"), VENUES, PARTITIONS)
    world = World(backing.kafka, topic, postgres.url)
    try:
        await postgres.start()
        async with world.running(BATCH_RECORDS="20"):
            await world.append(log.entries(100))
            await world.caught_up(100)
            for _ in range(RESTARTS):
                at = await world.projected()
                await world.append(log.entries(300)[-300:])
                await progress_beyond(world, at)
                postgres.stop(signal.SIGQUIT)  # "immediate": no checkpoint, clients cut off
                await world.append(log.entries(300)[-300:])
                assert (await world.probe("/livez"))[0] == 200
                await postgres.start()
            await world.caught_up(len(log.entries(0)), within=60)
        await world.agrees()
    finally:
        postgres.stop()


async def test_two_projectors_that_both_believe_they_own_all_partitions(world: World) -> None:
    entries = hostile("fight", 2000)
    groups = [{"CONSUMER_GROUP": f"{name}-{world.topic}", "BATCH_RECORDS": "20"} for name in ("left", "right")]
    async with world.running("left", **groups[0]), world.running("right", **groups[1]):
        await world.append(entries, pause_every=20)
        await world.caught_up(len(entries), within=60)
        fenced = [await world.metric("projector_fenced_total", name) for name in ("left", "right")]
    assert sum(fenced) > 0
    await world.agrees()


async def test_a_stale_writers_batch_changes_no_row(world: World) -> None:
    entry = entry_of(order_event("o1", "bar", 1, None, "e1", {"status": "placed"}), PARTITIONS)
    await world.append([entry])
    async with world.running():
        await world.caught_up(1)
    [(partition, offset, content)] = await world.log()
    row = (await world.query("SELECT epoch, next FROM positions WHERE partition = $1", partition))[0]
    before = await world.tables()
    pool = await open_pool(world.settings(), connections=1, acquire_seconds=5, writes=True)
    try:
        stale = (row["epoch"], Step(0, 2, "x")), ("another", Step(1, 2, "x")), (row["epoch"], Step(1, 2, "x", 7))
        for epoch, step in stale:  # moved on, another life of the topic, rows that somebody else has changed
            models = ReadModels(pool, epoch=epoch, partitions=PARTITIONS)
            with pytest.raises(Fenced):
                await models.apply([LogRecord(partition, offset, content)], {partition: step})
    finally:
        await pool.close()
    assert await world.tables() == before
    assert (await world.query("SELECT next FROM positions WHERE partition = $1", partition))[0]["next"] == 1


async def test_a_stopped_projector_that_comes_back_writes_nothing_stale(world: World) -> None:
    entries = hostile("zombie", 1500)
    zombie = world.process("zombie", CONSUMER_GROUP=f"z-{world.topic}", BATCH_RECORDS="20")
    try:
        await world.append(entries[:500])
        await progress_beyond(world, 60)
        zombie.send_signal(signal.SIGSTOP)
        async with world.running("successor"):
            await world.append(entries[500:])
            await world.caught_up(len(entries), within=60)
            zombie.send_signal(signal.SIGCONT)
            await world.append(entries[:20])
            await world.caught_up(len(entries) + 20)
    finally:
        reaped([zombie])
    await world.agrees()


@pytest.mark.parametrize("stops", ["in a copy", "between parse and bind", "between statements"])
async def test_who_stops_with_locks_in_hand_holds_nobody_up(world: World, stops: str) -> None:
    """In a statement no deadline of Postgres applies while the server waits for the client's next byte."""
    entries = hostile("stopped", 300)
    async with world.running():
        await world.append(entries[:100])
        await world.caught_up(100)
    stopped = psycopg.connect(world.database_url, application_name="projector", autocommit=True)
    stopped.pgconn.exec_(b"BEGIN; SET search_path = read_models; UPDATE positions SET next = next")
    if stops == "in a copy":
        assert stopped.pgconn.exec_(b"COPY positions FROM STDIN").status == ExecStatus.COPY_IN
    elif stops == "between parse and bind":
        stopped.pgconn.enter_pipeline_mode()
        stopped.pgconn.send_prepare(b"one", b"UPDATE positions SET next = next")
        stopped.pgconn.send_flush_request()
        stopped.pgconn.flush()
    try:
        async with world.running("successor", DATABASE_COMMAND_SECONDS="1"):
            await world.append(entries[100:])
            await world.caught_up(len(entries))
    finally:
        stopped.close()
    await world.agrees()
