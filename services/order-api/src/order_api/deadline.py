"""A bound in time for what comes by the thousand: `asyncio.timeout` makes a timer of each, this has one for all."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

_Result = TypeVar("_Result")


@dataclass(slots=True, eq=False)
class _Wait:
    due: float
    task: "asyncio.Task[Any] | None"
    expired: bool = False


class Deadline:
    """Bounds waits of one length, in seconds. Invariant: they are due in the order in which they began."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: deque[_Wait] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def bound(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do some work. Raises TimeoutError where it takes longer, as `asyncio.timeout` does."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be bound in time")
        asked_to_end = task.cancelling()
        wait = _Wait(loop.time() + self._seconds, task)
        self._forget_done()
        self._waits.append(wait)
        if self._timer is None:
            self._timer = loop.call_at(wait.due, self._expire, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if wait.expired and task.uncancel() <= asked_to_end:
                raise TimeoutError from None
            raise
        finally:
            wait.task = None

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._forget_done()
        while self._waits and self._waits[0].due <= now:
            wait = self._waits.popleft()
            if wait.task is not None:
                wait.expired = True
                wait.task.cancel()
        self._timer = loop.call_at(self._waits[0].due, self._expire, loop) if self._waits else None

    def _forget_done(self) -> None:
        while self._waits and self._waits[0].task is None:
            self._waits.popleft()
