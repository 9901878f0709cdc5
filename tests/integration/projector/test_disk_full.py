"""A full disk under Postgres: nothing moves, the reason is told, and with room again it goes on by itself."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from infra.own_postgres import OwnPostgres
from infra.random_log import RandomLog
from infra.running_projector import PARTITIONS, World
from infra.services import Backing, state_folder

VENUES = ("osteria", "kiosk", "bar", "cantina")


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_folder() as made:
        yield made


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Put a small file system there. A real one: Postgres tells it from no other lack."""
    folder.mkdir()
    done = subprocess.run(
        ["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(
            "a full disk needs a disk that can be filled, and none can be mounted here: run this as root, in a "
            f"container with --cap-add SYS_ADMIN ({done.stderr.strip()})"
        )
    try:
        yield
    finally:
        subprocess.run(["/usr/bin/umount", "-l", str(folder)], check=True)


async def test_a_full_disk_stops_it_with_a_clear_word_and_it_goes_on_when_there_is_room(
    backing: Backing, topic: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    disk = folder / "disk"
    with small_disk(disk, 220):
        postgres = OwnPostgres(disk / "pg", "max_wal_size=64MB", "min_wal_size=32MB", "shared_buffers=16MB")
        world, log = World(backing.kafka, topic, postgres.url), RandomLog(Random("full"), VENUES, PARTITIONS)
        try:
            await postgres.start()
            async with world.running(BATCH_RECORDS="100"):
                await world.append(log.entries(500))
                await world.caught_up(500)
                ballast = disk / "ballast"
                fill_up(ballast)
                told = ""
                while "No space left on device" not in told:
                    await world.append(log.entries(1000)[-1000:])
                    await asyncio.sleep(0.5)  # what comes now can't be waited for: it is that nothing comes
                    told += capfd.readouterr().out
                assert "DiskFull" in told
                assert (await world.probe("/livez"))[0] == 200, "a restart would make no room"
                ballast.unlink()
                if not postgres.alive:
                    await postgres.start()
                await world.caught_up(len(log.entries(0)), within=60)
            await world.agrees()
        finally:
            postgres.stop()


def fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(65536)):
            pass
