"""`python -m local_stack.watchdog RECORD`: ends a run whose supervisor was killed, and does nothing else.

It holds the reading end of a pipe whose writing end only the supervisor has. The kernel closes that however the
supervisor ends, so the watchdog needs no polling. Rejected: PR_SET_PDEATHSIG, which is Linux only, is dropped when
the child changes its user (Postgres under root), and fires when the *thread* that started the child ends.
"""

import signal
import subprocess
import sys
from pathlib import Path

from local_stack.run_record import RUN_VARIABLE, end_run


class Watchdog:
    """The supervisor's side: started first, released last."""

    def __init__(self, record: Path, log: Path, environment: dict[str, str]) -> None:
        environment = {name: value for name, value in environment.items() if name != RUN_VARIABLE}
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # this very module
                [sys.executable, "-m", "local_stack.watchdog", str(record)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,  # a Ctrl-C or a signal to the supervisor's group must not reach it
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def release(self) -> None:
        """Let it see the end of the run, and wait for its own."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Wait for the end of the supervisor, then end what it left."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends with its supervisor, never before
    sys.stdin.buffer.read()
    end_run(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
