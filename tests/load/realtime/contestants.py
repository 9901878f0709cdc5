"""The servers that are compared: how each is built and started on its core, and what the swarm speaks with it."""

import json
import os
import shutil
import subprocess
import sys
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

HERE = Path(__file__).parent
PEERS = HERE / "peers"
BUILD = Path("build/bench/realtime")


@dataclass(frozen=True)
class Contestant:
    """A server: its command before `PORT FEED_PORT WINDOW_MS`, what it speaks, how it names a room."""

    name: str
    command: tuple[str, ...]
    speaks: str
    room: str = "r%d"
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self, window_ms: int = 100) -> Iterator["Running"]:
        """Run it on its core until it answers; with other ports when these have just been taken."""
        for left in (2, 1, 0):
            port, feed = unused_port(), unused_port()
            process = self._start(port, feed, window_ms)
            try:
                if self._answers(process, port):
                    yield Running(self, process.pid, port, feed)
                    return
            finally:
                process.kill()
                process.wait()
            if not left:
                raise RuntimeError(f"{self.name} does not start: see {self._log}")

    @property
    def _log(self) -> Path:
        return BUILD / f"{self.name.split()[0]}.log"

    def _start(self, port: int, feed: int, window_ms: int) -> "subprocess.Popen[bytes]":
        command = [*self.command, str(port), str(feed), str(window_ms)]
        environment = {**os.environ, "GOMAXPROCS": "1", **self.environment}
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        pin(process.pid, SERVER_CORE)
        return process

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


def build() -> None:
    """Compile the swarm and the Go peer, bring in Node's packages."""
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([_found("cc"), "-O2", "-o", str(BUILD / "swarm"), str(HERE / "swarm.c")], check=True)
    binary = str((BUILD / "centrifuge").resolve())
    subprocess.run([_found("go"), "build", "-o", binary, "."], cwd=PEERS, check=True)
    if not (PEERS / "node_modules" / "socket.io").exists():
        subprocess.run([_found("npm"), "ci", "--no-audit", "--no-fund", "--silent"], cwd=PEERS, check=True)


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"the comparison needs {program}: install it, or measure on a machine that has it")
    return path


def contestants() -> dict[str, Contestant]:
    """Give them by their short names."""

    def python(module: str) -> tuple[str, ...]:
        return (sys.executable, "-m", f"load.realtime.{module}")

    free = {"CONNECTS_PER_SECOND": "1e6"}
    return {
        "floor": Contestant("floor: uvloop transport.write", python("floor"), "raw"),
        "ours": Contestant("ours", python("ours"), "sio", "venue:v%d", free),
        "deflated": Contestant("ours, deflated", python("ours"), "sioz", "venue:v%d", free | {"COMPRESS_BATCHES": "1"}),
        "admitting": Contestant("ours, admitting", python("ours"), "sio", "venue:v%d"),
        "node": Contestant("Node socket.io 4.8", (shutil.which("node") or "node", str(PEERS / "node.mjs")), "sio"),
        "centrifuge": Contestant("centrifuge 0.40 (Go)", (str(BUILD / "centrifuge"),), "cf"),
        "stock": Contestant("stock python-socketio", python("stock"), "sio"),
    }
