"""Whatever is killed, cut or stopped in the middle: positions and rows move together, and the rows come out right."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import Popen

import pytest

from infra.eventually import eventually
from infra.random_log import Entry, RandomLog, entry_of, order_event
from infra.running_projector import PARTITIONS, World, reaped
from infra.services import Backing
from local_stack.ports import draw
from local_stack.postgres_server import postgres_program, postgres_url
from local_stack.program import inherited
from projector.changes import LogRecord
from projector.database import open_pool
from projector.read_models import Fenced, ReadModels, Step

VENUES = ("osteria", "kiosk", "bar", "cantina", "bistro", "grill")


def hostile(seed: str, length: int) -> list[Entry]:
    return RandomLog(Random(seed), VENUES, PARTITIONS).entries(length)


async def progress_beyond(world: World, records: int) -> None:
    async def moved() -> bool:
        return await world.projected() > records

    await eventually(moved, within=30, what=f"getting beyond {records}")


@pytest.mark.timeout(120)
async def test_killed_in_the_middle_again_and_again(world: World) -> None:
    entries = hostile("kill", 3000)
    static = {"GROUP_INSTANCE_ID": "one", "BATCH_RECORDS": "20"}
    processes: list[Popen[bytes]] = []
    try:
        appending = asyncio.create_task(world.append(entries, pause_every=10))
        for round_ in range(5):
            processes.append(world.process(**static))
            await progress_beyond(world, round_ * 100)
            processes[-1].kill()
        await appending
        processes.append(world.process(**static))
        await world.caught_up(len(entries), within=60)
    finally:
        reaped(processes)
    await world.agrees()


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


@pytest.mark.timeout(90)
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


class RestartablePostgres:
    def __init__(self, folder: Path) -> None:
        self.port = draw()
        self._program = postgres_program(
            folder=folder / "pg", log=folder / "pg.log", port=self.port, password="secret", environment=inherited()
        )
        self._process: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return postgres_url(self.port, "secret")

    async def start(self) -> None:
        self._process = self._program.spawn()
        await eventually(self._program.is_ready, within=30, what="Postgres")

    def stop(self, how: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, how)
            self._process.wait(20)
            self._process = None


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[RestartablePostgres]:
    server = RestartablePostgres(tmp_path)
    yield server
    server.stop(signal.SIGINT)


@pytest.mark.timeout(120)
async def test_postgres_restarted_under_load(backing: Backing, topic: str, postgres: RestartablePostgres) -> None:
    await postgres.start()
    world = World(backing.kafka, topic, postgres.url)
    entries = hostile("restart", 1500)
    async with world.running(BATCH_RECORDS="20"):
        await world.append(entries[:500])
        await progress_beyond(world, 50)
        for part in (entries[500:1000], entries[1000:]):
            postgres.stop(signal.SIGQUIT)  # "immediate": no checkpoint, clients cut off
            await world.append(part)
            assert (await world.probe("/livez"))[0] == 200
            await postgres.start()
            await progress_beyond(world, 100)
        await world.caught_up(len(entries), within=60)
    await world.agrees()


@pytest.mark.timeout(90)
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
        for epoch, old in ((row["epoch"], 0), ("another", 1)):
            models = ReadModels(pool, epoch=epoch, partitions=PARTITIONS)
            with pytest.raises(Fenced):
                await models.apply([LogRecord(partition, offset, content)], {partition: Step(old, 2, "x")})
    finally:
        await pool.close()
    assert await world.tables() == before
    assert (await world.query("SELECT next FROM positions WHERE partition = $1", partition))[0]["next"] == 1


@pytest.mark.timeout(90)
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
            await world.caught_up(len(entries) + 20, within=30)
    finally:
        reaped([zombie])
    await world.agrees()
