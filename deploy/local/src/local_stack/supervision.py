"""Keeps one program running: starts it, restarts it when it dies, pauses it, stops it.

A thread a program waits for its end. All changes of state happen under one lock; the program runs if and only if it
is wanted, and whoever restarts or stops it checks that under the lock.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable

import psutil

from local_stack.program import DidNotStart, Program
from local_stack.run_record import RunRecord

_BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
_SETTLED_SECONDS = 10.0
_TRIES_TO_COME_UP = 3
_STOPS_WITHIN_SECONDS = 10.0
_BAD_SETTINGS = 2  # what our services exit with; trying again cannot help


class Supervised:
    """A program and the process that it is at the moment.

    Invariants: at most one process; `restarts` counts the ends that nobody asked for; after stop() there is none.
    """

    def __init__(self, program: Program, record: RunRecord, on_event: Callable[[str], None]) -> None:
        self.program = program
        self.restarts = 0
        self._record = record
        self._on_event = on_event
        self._lock = threading.RLock()
        self._wanted = threading.Event()
        self._unwanted = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_code: int | None = None
        self._watcher: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process; None while it is down."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it, unless it is wanted already."""
        with self._lock:
            if self._wanted.is_set():
                return
            self._wanted.set()
            self._unwanted.clear()
            self._last_code = None
            process = self._spawn()
            self._watcher = threading.Thread(target=self._watch, args=(process,), name=self.program.name, daemon=True)
            self._watcher.start()

    def wait_ready(self, within: float | None = None) -> None:
        """Wait until it answers. Raises DidNotStart when it keeps ending, or at the deadline."""
        deadline = time.monotonic() + (self.program.ready_within if within is None else within)
        restarts = self.restarts
        pause = 0.02
        while not (self.pid is not None and self.program.is_ready()):
            if not self._wanted.is_set():
                raise DidNotStart(f"{self.program.name} was stopped while it was starting")
            if self._last_code == _BAD_SETTINGS or self.restarts - restarts >= _TRIES_TO_COME_UP:
                raise DidNotStart(self.program.failure(f"ended with code {self._last_code} while it was starting"))
            if time.monotonic() > deadline:
                raise DidNotStart(self.program.failure("was not ready in time"))
            self._unwanted.wait(pause)
            pause = min(pause * 1.3, 0.25)

    def kill(self) -> None:
        """Kill its process, as a crash would; it is started again."""
        self._send(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze its process: alive, and silent from here on. Raises TimeoutError when it does not stop."""
        self._send(signal.SIGSTOP)
        deadline = time.monotonic() + _STOPS_WITHIN_SECONDS  # a busy machine delivers a signal some time later
        while (pid := self.pid) is not None and psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.program.name} goes on, though it was told to stop")
            self._unwanted.wait(0.001)

    def resume(self) -> None:
        """Let a frozen process go on."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it for good: asked first, killed after its deadline."""
        with self._lock:
            self._wanted.clear()
            self._unwanted.set()
            process, watcher = self._process, self._watcher
        if process is not None and process.poll() is None:
            self._end(process)
        if watcher is not None:
            watcher.join()
        with self._lock:
            self._watcher = None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(self.program.stop_signal)
        process.send_signal(signal.SIGCONT)  # one that was paused hears nothing else
        try:
            process.wait(self.program.stops_within)
        except subprocess.TimeoutExpired:
            self._on_event(f"{self.program.name} did not stop within {self.program.stops_within:.0f} s: killed")
            process.kill()
            process.wait()

    def _send(self, number: int) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                raise LookupError(f"{self.program.name} is not running")
            self._process.send_signal(number)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._process = self.program.spawn()
        self._record.add(self.program.name, self._process.pid, self.program.stop_signal)
        return self._process

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        started, attempt = time.monotonic(), 0
        while True:
            code = self._last_code = process.wait()
            if not self._wanted.is_set():
                break
            attempt = 0 if time.monotonic() - started > _SETTLED_SECONDS else attempt
            delay = _BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)]
            attempt += 1
            self._on_event(f"{self.program.name} ended with code {code}: started again in {delay} s")
            if self._unwanted.wait(delay):
                break
            with self._lock:
                if not self._wanted.is_set():
                    break
                self.restarts += 1
                started, process = time.monotonic(), self._spawn()
        self._record.remove(self.program.name)
