"""What to run: a name, a command, an environment, a log. And the two ways of running it to a known state."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.failure import StackFailure

_TAIL_LINES = 15


class DidNotStart(StackFailure):
    """A process did not come up; the text has the last lines of its log."""


def always_ready() -> bool:
    """Say that a program needs no waiting for."""
    return True


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the stack. `user` is who it runs as, where that is not the caller."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = always_ready
    ready_within: float = 60.0
    stop_signal: int = signal.SIGTERM
    stops_within: float = 10.0
    user: str | None = None

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it: its own session (Ctrl-C is the supervisor's to handle), no input, output appended to its log."""
        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603  # the stack's own commands
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )

    def run_once(self, within: float) -> None:
        """Run it to its end. Raises DidNotStart when it fails or takes too long."""
        process = self.spawn()
        try:
            code = process.wait(within)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise DidNotStart(self.failure(f"was not done after {within:.0f} s")) from error
        if code != 0:
            raise DidNotStart(self.failure(f"ended with code {code}"))

    def failure(self, what: str) -> str:
        """Word a failure, with the end of the log, which most often says why."""
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:] if self.log.exists() else []
        said = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        return f"{self.name} {what}. The end of its log, {self.log}:\n{said}"


def inherited(without: tuple[str, ...] = ()) -> dict[str, str]:
    """Copy this process's environment, without some names."""
    return {name: value for name, value in os.environ.items() if name not in without}
