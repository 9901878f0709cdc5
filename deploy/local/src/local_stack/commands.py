"""`up`, `down`, `status`, `token`, `fetch`, `lock`: what each does, and what it says."""

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import psutil
from rich.console import Console

from local_stack.announcement import DEFAULT_VENUE, announcement, short, signed_token
from local_stack.fetching import fetch_if_embedded
from local_stack.kafka_lock import write_lock
from local_stack.ports import from_base
from local_stack.run import end_leftovers
from local_stack.run_record import recorded, the_process, wait_for_end
from local_stack.services import Replicas
from local_stack.stack import EVERYDAY_SCOPES, StackOptions
from local_stack.state import State
from local_stack.supervisor import STATUS, supervise

_STOPS_WITHIN_SECONDS = 60.0
_FAILED = "\nIt did not come up; the reason is above. Everything that had started was stopped again."
_out = Console(highlight=False, markup=False, soft_wrap=True)


def up(arguments: argparse.Namespace) -> int:
    """Start the system in the background, and show its progress until it is ready."""
    state = State(arguments.state)
    state.prepare()
    if state.locked():
        if not state.read(STATUS):
            _out.print(
                f"Another process uses {state.folder}, a demo or a test run: wait for it, or name another --state."
            )
            return 1
        _out.print("It is already up.")
        return _follow(state, None)
    fetch_if_embedded(_out)
    state.forget(STATUS)
    with (state.logs / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-m", "local_stack", "supervise", *_passed_on(arguments)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives this terminal
        )
    return _follow(state, supervisor)


def supervise_here(arguments: argparse.Namespace) -> int:
    """Be the process behind `up`, for a service manager or to look on."""
    fixed = (*Replicas().names(), "kafka", "kafka-controller", "postgres", "redis")
    ports = from_base(fixed, arguments.port_base)
    return supervise(StackOptions(state_dir=arguments.state, redis=arguments.redis, ports=ports))


def down(arguments: argparse.Namespace) -> int:
    """End what `up` started, or what is left of it."""
    state = State(arguments.state)
    if not state.folder.exists() or not state.locked():
        left = _clean_up(state) if state.folder.exists() else 0
        _out.print(
            f"Its supervisor was gone; {left} processes were left, and ended." if left else "Nothing is running."
        )
        return 0
    supervisor = _supervisor(state)
    if supervisor is None:
        _out.print(f"A demo or a test run uses {state.folder}: end that one, it cleans up by itself.")
        return 1
    supervisor.send_signal(signal.SIGTERM)
    for deaf in wait_for_end([supervisor], _STOPS_WITHIN_SECONDS):
        deaf.kill()
        wait_for_end([deaf], _STOPS_WITHIN_SECONDS)
        _clean_up(state)
    state.forget(STATUS)
    _out.print(f"Stopped. The data stays in {short(state.folder)}: the next `up` goes on with it.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say what runs."""
    state = State(arguments.state)
    if not state.folder.exists() or not state.locked():
        _out.print("Nothing is running.")
        return 1
    for record in state.runs.glob("*.json"):
        for started in recorded(record):
            _out.print(f"  {started.name:<16} {'running' if started.process() else 'down':<8} pid {started.pid}")
    found = state.read(STATUS)
    if found.get("phase") == "ready":
        _say(state, found)
    return 0


def demo(arguments: argparse.Namespace) -> int:
    """Serve a Friday evening on a system of its own, and check everything at the end."""
    if arguments.seconds < 5 or arguments.venues < 1:
        _out.print("An evening takes 5 seconds and one venue at least: --seconds 5 --venues 1")
        return 2
    from local_stack.demo.app import DemoOptions, run  # noqa: PLC0415  # 1 s of CPU, not for each command

    fetch_if_embedded(_out)
    options = DemoOptions(
        seconds=arguments.seconds,
        venues=arguments.venues,
        orders=arguments.orders,
        kill=arguments.kill,
        roll=arguments.roll,
        drain_seconds=arguments.drain_seconds,
        transport=arguments.transport,
        seed=arguments.seed,
    )
    return asyncio.run(run(options, Console(highlight=False)))


def token(arguments: argparse.Namespace) -> int:
    """Sign a token for development, and print it alone."""
    state = State(arguments.state)
    state.prepare()
    venues = "*" if arguments.venue == ["*"] else arguments.venue or [DEFAULT_VENUE]
    scopes = arguments.scope or EVERYDAY_SCOPES
    hours = arguments.hours if arguments.days is None else arguments.days * 24
    token_id = uuid4().hex
    _out.print(signed_token(state, venues, arguments.org, scopes, arguments.sub, hours, token_id))
    if arguments.days is not None:
        sys.stderr.write(f"jti {token_id}: keep it, a line in REVOKED_TOKENS_FILE revokes this token\n")
    return 0


def fetch(_: argparse.Namespace) -> int:
    """Fetch what a start needs from the network, so that the start does not."""
    fetch_if_embedded(_out)
    return 0


def lock(_: argparse.Namespace) -> int:
    """Resolve Apache Kafka's jars anew."""
    _out.print(f"kafka.lock.json names {write_lock()} jars.")
    return 0


def _passed_on(arguments: argparse.Namespace) -> list[str]:
    words = ["--state", str(arguments.state)]
    if arguments.redis:
        words.append("--redis")
    if arguments.port_base is not None:
        words += ["--port-base", str(arguments.port_base)]
    return words


def _follow(state: State, supervisor: subprocess.Popen[bytes] | None) -> int:
    with (state.logs / "supervisor.log").open(encoding="utf-8", errors="replace") as log:
        while True:
            ended = not state.locked() if supervisor is None else supervisor.poll() is not None
            found = state.read(STATUS)
            if found.get("phase") == "ready":
                _say(state, found)
                return 0
            for line in log:
                _out.print(f"  {line.rstrip()}")
            if ended:
                # the folder is left before the status is forgotten: "stopping" may still be there
                told_to = found.get("phase", "stopping") == "stopping"
                stopped = told_to if supervisor is None else supervisor.returncode == 0
                _out.print("\nIt was stopped while it was starting." if stopped else _FAILED)
                return 1
            time.sleep(0.1)


def _say(state: State, running: dict[str, Any]) -> None:
    for line in announcement(state, running):
        _out.print(line)


def _supervisor(state: State) -> psutil.Process | None:
    found = state.read(STATUS)
    return the_process(found["pid"], found["started_at"]) if found else None


def _clean_up(state: State) -> int:
    state.lock()
    try:
        state.forget(STATUS)
        return end_leftovers(state)
    finally:
        state.unlock()
