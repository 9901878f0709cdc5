"""What the processes of a stack have used."""

import psutil

from load.bench import cpu_seconds
from local_stack.stack import Stack


class Meter:
    """CPU seconds and resident bytes of the stack's processes."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: dict[str, float] = {}

    def pids(self) -> dict[str, int]:
        """Name those that matter here."""
        names = ("order-api-1", "projector-1", "query-1", "notifier-1", "notifier-2", "postgres")
        found = {name: self._stack.processes[name].pid for name in names if name in self._stack.processes}
        return {name: pid for name, pid in found.items() if pid is not None}

    def start(self) -> None:
        """Begin to count."""
        self._before = cpu_seconds(self.pids())

    def spent(self) -> dict[str, float]:
        """Give CPU seconds since then."""
        return {name: now - self._before[name] for name, now in cpu_seconds(self.pids()).items()}

    def resident(self, name: str) -> int:
        """Give a process's memory, bytes."""
        return int(psutil.Process(self.pids()[name]).memory_info().rss)
