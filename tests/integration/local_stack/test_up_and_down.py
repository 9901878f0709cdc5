"""The command line, with the real services: what `make up` and `make down` do and say."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from infra.eventually import eventually
from infra.services import state_folder
from local_stack.ports import HOST, is_free, unused_port
from local_stack.run_record import alive, recorded
from local_stack.state import State
from local_stack.supervisor import STATUS


def command_line(command: str, folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "local_stack", command, "--state", str(folder), *words]


def local_stack(command: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(command, folder, *words),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder
        local_stack("down", folder)


def running_processes(folder: Path) -> list[psutil.Process]:
    (record,) = State(folder).runs.iterdir()
    found = [process for started in recorded(record) if (process := started.process())]
    return [*found, psutil.Process(State(folder).read(STATUS)["pid"])]


def link_of(output: str) -> str:
    return next(word for word in output.split() if "#token=" in word).partition("#")[0]


def test_up_twice_and_down_twice(folder: Path) -> None:
    first = local_stack("up", folder)
    assert first.returncode == 0, first.stdout + first.stderr
    processes = running_processes(folder)
    assert {process.status() for process in processes} <= {psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING}
    assert httpx.get(link_of(first.stdout)).status_code == 200, "the staff page's link must lead somewhere"

    second = local_stack("up", folder)
    assert second.returncode == 0
    assert "already up" in second.stdout
    assert link_of(second.stdout) == link_of(first.stdout)

    ended = local_stack("down", folder)
    assert (ended.returncode, ended.stdout.startswith("Stopped.")) == (0, True)
    assert not any(alive(process) for process in processes)
    again = local_stack("down", folder)
    assert (again.returncode, again.stdout) == (0, "Nothing is running.\n")


def test_down_after_the_supervisor_was_killed_leaves_nothing(folder: Path) -> None:
    assert local_stack("up", folder).returncode == 0
    processes = running_processes(folder)
    processes[-1].kill()
    assert local_stack("down", folder).returncode == 0
    assert not any(alive(process) for process in processes)
    assert local_stack("status", folder).stdout == "Nothing is running.\n"


def test_a_taken_port_is_named_and_nothing_stays(folder: Path) -> None:
    port = next(base for base in iter(unused_port, None) if all(map(is_free, range(base, base + 16))))
    with socket.create_server((HOST, port)):
        failed = local_stack("up", folder, "--port-base", str(port))
    assert failed.returncode == 1
    assert f"port {port} for order-api-1 is in use" in failed.stdout
    assert not State(folder).locked()
    assert list(State(folder).runs.iterdir()) == []


async def test_down_while_it_starts_stops_it_and_says_so(folder: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "first", tmp_path / "second"

    def up(output: Path) -> subprocess.Popen[bytes]:
        with output.open("wb") as file:
            return subprocess.Popen(command_line("up", folder), stdout=file)

    starting = up(outputs[0])
    await eventually(lambda: State(folder).read(STATUS), what="the supervisor")
    following = up(outputs[1])
    await eventually(lambda: "already up" in outputs[1].read_text(), what="the second `up`")
    await eventually(lambda: "ready" in (folder / "logs" / "supervisor.log").read_text(), within=60)
    assert (await asyncio.to_thread(local_stack, "down", folder)).stdout.startswith("Stopped.")
    codes = [await asyncio.to_thread(process.wait, 60) for process in (starting, following)]
    for code, output in zip(codes, outputs, strict=True):
        assert (code, "stopped while it was starting" in output.read_text()) == (1, True), output.read_text()
    assert not State(folder).locked()
    assert list(State(folder).runs.iterdir()) == []
