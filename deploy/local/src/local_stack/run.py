"""One run of programs: begun on a locked state folder, ended in the reverse order of its start, nothing left behind."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from local_stack.program import DidNotStart, Program, inherited
from local_stack.run_record import RUN_VARIABLE, RunRecord, end_run
from local_stack.state import State
from local_stack.supervision import Supervised
from local_stack.watchdog import Watchdog


class Run:
    """The supervised programs of one supervisor.

    Invariants: while it is begun it holds the folder's lock, and a watchdog stands by; `end` may come at any moment,
    from any thread, and after it nothing starts any more.
    """

    def __init__(self, state: State, on_event: Callable[[str], None]) -> None:
        self.state = state
        self._on_event = on_event
        self.programs: dict[str, Supervised] = {}
        self._groups: list[list[Supervised]] = []
        self._lock = threading.Lock()
        self._one_end = threading.Lock()  # a second caller waits until the first is through
        self._ending = False
        self._record: RunRecord | None = None
        self._watchdog: Watchdog | None = None

    def begin(self) -> None:
        """Take the folder, unless it is taken, and end what a killed supervisor has left in it. Raises AlreadyUp."""
        if self._record is not None:
            return
        self.state.lock()
        end_leftovers(self.state)
        self._record = RunRecord(self.state.runs / f"{uuid.uuid4().hex}.json")
        self._watchdog = Watchdog(self._record.path, self.state.logs / "watchdog.log", inherited())

    def start(self, *programs: Program) -> None:
        """Start them at the same time, and wait until all of them are ready. Raises DidNotStart."""
        group = self._launch(programs)
        for supervised in group:
            began = time.monotonic()
            supervised.wait_ready()
            waited = time.monotonic() - began
            self.say(f"{supervised.program.name} is ready" + (f" ({waited:.1f} s)" if waited > 1 else ""))

    def say(self, event: str) -> None:
        """Tell of the progress.

        Every supervising thread holds this method, and so the run and its watchdog: were a run that nobody ended
        collected, the watchdog's pipe would close, and what it then ends would be started again by those threads.
        """
        self._on_event(event)

    def once(self, program: Program, within: float = 60.0) -> None:
        """Run a program to its end. Raises DidNotStart when it fails."""
        self._carrying(program).run_once(within)

    def end(self) -> None:
        """Stop everything, last started first; harmless when it has ended already."""
        with self._one_end:
            with self._lock:
                self._ending = True
                groups, self._groups = self._groups, []
            for group in reversed(groups):
                with ThreadPoolExecutor(len(group)) as threads:
                    list(threads.map(Supervised.stop, group))
            if self._watchdog is not None:
                self._watchdog.release()
                self._watchdog = None
            self.state.unlock()

    def _launch(self, programs: tuple[Program, ...]) -> list[Supervised]:
        with self._lock:
            if self._ending or self._record is None:
                raise DidNotStart("The stack is being stopped: nothing more is started.")
            group = [Supervised(self._carrying(program), self._record, self.say) for program in programs]
            self._groups.append(group)  # first, so that those which did start are stopped when another cannot
            for supervised in group:
                supervised.start()
                self.programs[supervised.program.name] = supervised
        return group

    def _carrying(self, program: Program) -> Program:
        run = "" if self._record is None else self._record.run
        return replace(program, environment={**program.environment, RUN_VARIABLE: run})


def end_leftovers(state: State) -> int:
    """End what earlier runs on this folder have left; say how many processes that were. Only with its lock held."""
    return sum(end_run(record) for record in sorted(state.runs.glob("*.json")))
