"""What one run has started, on disk, so that anybody can end it: its supervisor, the watchdog, the next `up` or `down`.

A process is named by its id and its start time, so that an id that the system has given to somebody else is left
alone. Each also carries the run's name in its environment: that finds one started just before its supervisor was
killed, and not written down any more.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from local_stack.state import replace_text

RUN_VARIABLE = "SCANSERVE_RUN"
_GRACE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Started:
    """One process of the run."""

    name: str
    pid: int
    started_at: float
    stop_signal: int

    def process(self) -> psutil.Process | None:
        """Find it, if it is still that process."""
        return the_process(self.pid, self.started_at)


def the_process(pid: int, started_at: float) -> psutil.Process | None:
    """Find the process with that id and start time, while it is alive."""
    try:
        process = psutil.Process(pid)
        return process if process.create_time() == started_at and alive(process) else None
    except psutil.NoSuchProcess:
        return None


def alive(process: psutil.Process) -> bool:
    """Say whether it still does anything: one that only waits for its parent to notice its end does not.

    An orphan's new parent may take seconds for that, and in some containers never does it.
    """
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for_end(processes: Iterable[psutil.Process], within: float) -> list[psutil.Process]:
    """Wait until all have ended; give those that have not."""
    deadline = time.monotonic() + within
    while (left := [process for process in processes if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


class RunRecord:
    """The processes of one run. Written by its supervisor alone, read by whoever cleans up after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Started] = {}
        self._lock = threading.Lock()  # each supervised program has a thread

    @property
    def run(self) -> str:
        """The run's name."""
        return self.path.stem

    def add(self, name: str, pid: int, stop_signal: int) -> None:
        """Write down a process that was just started."""
        started = Started(name, pid, psutil.Process(pid).create_time(), stop_signal)
        with self._lock:
            self._entries[name] = started
            self._write()

    def remove(self, name: str) -> None:
        """Forget one that has ended."""
        with self._lock:
            if self._entries.pop(name, None) is not None:
                self._write()

    def _write(self) -> None:
        replace_text(self.path, json.dumps([asdict(entry) for entry in self._entries.values()], indent=1))


def recorded(path: Path) -> list[Started]:
    """Read a run's record; empty when there is none."""
    try:
        return [Started(**entry) for entry in json.loads(path.read_text())]
    except FileNotFoundError:
        return []


def end_run(path: Path) -> int:
    """End what a run has left behind, and its record; say how many processes that were."""
    found = {process.pid: (process, entry.stop_signal) for entry in recorded(path) if (process := entry.process())}
    for process in _carrying(path.stem):
        found.setdefault(process.pid, (process, signal.SIGTERM))
    for process, stop_signal in found.values():
        _send(process, stop_signal)
        _send(process, signal.SIGCONT)  # one that was paused hears nothing else
    deaf = wait_for_end([process for process, _ in found.values()], _GRACE_SECONDS)
    killed = [*deaf, *_carrying(path.stem)]  # looked for again: one may have been started while all this went on
    for process in killed:
        _send(process, signal.SIGKILL)
    wait_for_end(killed, _GRACE_SECONDS)
    path.unlink(missing_ok=True)
    return len(found)


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _carrying(run: str) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        try:
            carries = process.environ().get(RUN_VARIABLE) == run
        except psutil.Error:
            continue  # gone, or somebody else's
        if carries and process.pid != os.getpid() and alive(process):
            yield process
