"""Supervision with small programs that stand in for the services: real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.eventually import eventually
from local_stack.ports import free_ports
from local_stack.program import DidNotStart, Program, inherited
from local_stack.readiness import answers_ok
from local_stack.run import Run
from local_stack.run_record import RUN_VARIABLE, alive, end_run, recorded
from local_stack.state import State

HERE = Path(__file__).parent


def stand_in(folder: Path, *manners: str, **changes: Any) -> Program:
    port = free_ports(["one"], {}, {})["one"]
    settings: dict[str, Any] = {
        "name": f"stand-in-{port}",
        "command": (sys.executable, str(HERE / "stand_in.py"), str(port), *manners),
        "log": folder / f"{port}.log",
        "environment": inherited(),
        "is_ready": partial(answers_ok, port, "/readyz"),
        "ready_within": 20.0,
    }
    return Program(**(settings | changes))


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def run(tmp_path: Path, events: list[str]) -> Iterator[Run]:
    run = Run(State(tmp_path), events.append)
    run.begin()
    yield run
    run.end()


async def test_a_killed_program_is_started_again_and_counted(run: Run, tmp_path: Path, events: list[str]) -> None:
    program = stand_in(tmp_path)
    run.start(program)
    supervised = run.programs[program.name]
    first = supervised.pid
    supervised.kill()
    await eventually(lambda: supervised.pid not in (first, None) and program.is_ready(), what="the restart")
    assert supervised.restarts == 1
    assert any("ended with code -9: started again" in event for event in events)


async def test_a_stopped_program_stays_down_until_it_is_started(run: Run, tmp_path: Path) -> None:
    program = stand_in(tmp_path)
    run.start(program)
    supervised = run.programs[program.name]
    supervised.stop()
    assert supervised.pid is None
    assert not program.is_ready()
    supervised.start()
    supervised.wait_ready()
    assert program.is_ready()
    assert supervised.restarts == 0, "an end that was asked for is no restart"


async def test_a_paused_program_is_silent_until_it_is_resumed(run: Run, tmp_path: Path) -> None:
    program = stand_in(tmp_path)
    run.start(program)
    supervised = run.programs[program.name]
    process = psutil.Process(supervised.pid)
    supervised.pause()
    await eventually(lambda: process.status() == psutil.STATUS_STOPPED)
    supervised.resume()
    await eventually(program.is_ready)
    supervised.pause()
    run.end()
    assert not process.is_running(), "a paused one is stopped all the same"


def test_a_program_that_does_not_listen_to_sigterm_is_killed(run: Run, tmp_path: Path, events: list[str]) -> None:
    program = stand_in(tmp_path, "deaf", stops_within=0.3)
    run.start(program)
    process = psutil.Process(run.programs[program.name].pid)
    run.end()
    assert not process.is_running()
    assert any("did not stop within" in event for event in events)


def test_bad_settings_fail_at_once_with_the_end_of_the_log(run: Run, tmp_path: Path) -> None:
    program = stand_in(tmp_path, "fails", "2")
    with pytest.raises(DidNotStart, match=r"(?s)ended with code 2 .*the reason why it fails"):
        run.start(program)
    assert program.log.read_text().count("the reason") <= 2, "trying again could not have helped"


def test_a_program_that_keeps_failing_is_given_up(run: Run, tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match="ended with code 1"):
        run.start(stand_in(tmp_path, "fails", "1"))


def test_a_program_that_is_never_ready_is_given_up_at_its_deadline(run: Run, tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match="was not ready in time"):
        run.start(stand_in(tmp_path, is_ready=lambda: False, ready_within=0.3))


def test_a_failing_one_shot_says_why(run: Run, tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match="the reason why it fails"):
        run.once(stand_in(tmp_path, "fails", "3"))


def test_an_end_interrupts_a_start_that_waits(run: Run, tmp_path: Path) -> None:
    program = stand_in(tmp_path, is_ready=lambda: False)
    ending = threading.Timer(0.3, run.end)
    ending.start()
    with pytest.raises(DidNotStart, match="stopped while it was starting"):
        run.start(program)
    ending.join()
    with pytest.raises(DidNotStart, match="being stopped"):
        run.start(program)


def test_nothing_is_left_after_the_end(tmp_path: Path) -> None:
    before = psutil.Process().children()
    run = Run(State(tmp_path), lambda _: None)
    run.begin()
    run.start(stand_in(tmp_path), stand_in(tmp_path))
    mine = [process for process in psutil.Process().children() if process not in before]
    assert len(mine) == 3, "two programs and the watchdog"
    run.end()
    assert not any(process.is_running() for process in mine)
    assert not State(tmp_path).locked()
    assert list(State(tmp_path).runs.iterdir()) == []


def start_supervisor(folder: Path) -> subprocess.Popen[bytes]:
    ports = free_ports(["one", "two"], {}, {}).values()
    return subprocess.Popen([sys.executable, str(HERE / "supervising.py"), str(folder), *map(str, ports)])


async def supervisor_of_two(folder: Path) -> subprocess.Popen[bytes]:
    supervisor = start_supervisor(folder)
    await eventually((folder / "is-up").exists)
    return supervisor


async def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    supervisor = await supervisor_of_two(tmp_path)
    left = psutil.Process(supervisor.pid).children()
    assert len(left) == 3
    supervisor.kill()
    supervisor.wait()
    await eventually(lambda: not any(alive(process) for process in left), what="the watchdog's work")
    await eventually(lambda: not list(State(tmp_path).runs.iterdir()))


async def test_what_is_left_when_the_watchdog_was_killed_too_is_ended_by_the_next_run(tmp_path: Path) -> None:
    supervisor = await supervisor_of_two(tmp_path)
    children = psutil.Process(supervisor.pid).children()
    (watchdog,) = [child for child in children if "local_stack.watchdog" in child.cmdline()]
    watchdog.kill()
    supervisor.kill()
    supervisor.wait()
    programs = [child for child in children if child != watchdog]
    assert all(program.is_running() for program in programs)
    run = Run(State(tmp_path), lambda _: None)
    run.begin()
    run.end()
    assert not any(alive(program) for program in programs)


async def test_a_program_that_was_not_written_down_any_more_is_found_by_its_environment(tmp_path: Path) -> None:
    program = stand_in(tmp_path, environment=inherited() | {RUN_VARIABLE: "lost"})
    process = program.spawn()
    await eventually(program.is_ready)
    reaping = threading.Thread(target=process.wait)  # it is this test's child: somebody must reap it
    reaping.start()
    assert end_run(tmp_path / "lost.json") == 1
    reaping.join()
    assert process.returncode == -signal.SIGTERM


async def test_a_process_that_only_has_the_same_id_is_left_alone(tmp_path: Path) -> None:
    program = stand_in(tmp_path)
    process = program.spawn()
    await eventually(program.is_ready)
    record = tmp_path / "old.json"
    entry = {"name": "old", "pid": process.pid, "started_at": 1.0, "stop_signal": signal.SIGKILL}
    record.write_text(json.dumps([entry]))
    assert recorded(record)[0].process() is None
    assert end_run(record) == 0
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
