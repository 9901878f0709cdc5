"""A server of the bench on its core, and the swarm of screens that follows it from the other."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.notifier_process import token
from load.bench import CLIENT_CORE, SERVER_CORE, pin
from local_stack.ports import unused_port
from local_stack.readiness import answers_ok

BUILD = Path("build/bench/realtime")


@dataclass(frozen=True)
class Contestant:
    """A server: its command, what it speaks, how it names a room.

    In both commands, {port}, {feed} and {window} stand for where it listens, where it is fed, and its window in ms.
    A `helper` feeds a server that cannot be given the producer's lines; it runs on the client's core.
    """

    name: str
    command: tuple[str, ...]
    speaks: str
    room: str = "r%d"
    environment: dict[str, str] = field(default_factory=dict)
    helper: tuple[str, ...] = ()

    @contextmanager
    def running(self, window_ms: int = 100) -> Iterator["Running"]:
        """Run it on its core until it answers; with other ports when these have just been taken."""
        for left in (2, 1, 0):
            port, feed = unused_port(), unused_port()
            places = {"port": port, "feed": feed, "window": window_ms}
            process = self._start([part.format(**places) for part in self.command])
            try:
                if self._answers(process, port):
                    with self._helped([part.format(**places) for part in self.helper]):
                        yield Running(self, process.pid, port, feed)
                    return
            finally:
                process.kill()
                process.wait()
            if not left:
                raise RuntimeError(f"{self.name} does not start: see {self._log}")

    @property
    def _log(self) -> Path:
        return BUILD / f"{self.name.split()[0].strip(',:')}.log"

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "GOMAXPROCS": "1", **self.environment}
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        pin(process.pid, SERVER_CORE)
        return process

    @contextmanager
    def _helped(self, command: list[str]) -> Iterator[None]:
        if not command:
            yield
            return
        with self._log.open("ab") as log:
            helper = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        try:
            pin(helper.pid, CLIENT_CORE)
            assert helper.stdout is not None
            if not helper.stdout.readline():
                raise RuntimeError(f"the helper of {self.name} does not start: see {self._log}")
            yield
        finally:
            helper.kill()
            helper.wait()
            helper.stdout.close()

    def _answers(self, process: "subprocess.Popen[bytes]", port: int) -> bool:
        deadline = time.monotonic() + 20
        while not answers_ok(port, "/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        pin(process.pid, SERVER_CORE)
        return True


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    contestant: Contestant
    pid: int
    port: int
    feed: int

    def cpu(self) -> float:
        """Give its CPU seconds so far, user and system."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def resident(self) -> int:
        """Give its resident bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)

    @contextmanager
    def swarm(
        self, *, screens: int, rooms: int, rate: float, seconds: float, size: int = 250, other: "Running | None" = None
    ) -> Iterator["Swarm"]:
        """Connect screens, all in their rooms when this begins. They go to the other server when this one ends."""
        one = self.contestant
        arguments = (self.port, self.feed, one.speaks, screens, rooms, rate, seconds, size, one.room, token())
        arguments += (other.port, other.feed) if other else ()
        process = subprocess.Popen(
            [BUILD / "swarm", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        psutil.Process(process.pid).cpu_affinity([CLIENT_CORE])
        try:
            said = process.stdout.readline().split()
            if not said:
                raise RuntimeError(f"the swarm could not connect to {one.name}")
            yield Swarm(process, float(said[1]))
        finally:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Swarm:
    """Screens that are in their rooms; it took them `connect_seconds`."""

    process: "subprocess.Popen[str]"
    connect_seconds: float

    def go(self) -> dict[str, float]:
        """Have it send, and give what it saw."""
        self.begin()
        return self.end()

    def begin(self) -> None:
        """Have it send."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, float]:
        """Wait for its end and give what it saw."""
        return json.loads(self.process.communicate(timeout=120)[0])
