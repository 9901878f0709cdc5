"""What one client has sent and is not worked off yet, in its order; a task works it off, only while there is any."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

_MOST = 32  # beyond it, the rest stays in the kernel, and soon with the client


class Inbox:
    """`work` is given one message after the other; `listen` is told whether to read on from the client."""

    __slots__ = ("_listen", "_waiting", "_work")

    def __init__(self, work: Callable[[str | None], Awaitable[None]], listen: Callable[[], None]) -> None:
        self._work, self._listen = work, listen
        self._waiting: deque[str | None] | None = None  # only while there is any: an empty one takes 600 bytes

    @property
    def full(self) -> bool:
        """Whether no more should be read for now."""
        return self._waiting is not None and len(self._waiting) >= _MOST

    def put(self, message: str | None) -> None:
        """Take a message in; None stands for the client's end."""
        if self._waiting is None:
            self._waiting = deque((message,))
            asyncio.get_running_loop().create_task(self._run(self._waiting))  # runs at once: it is ready
        else:
            self._waiting.append(message)
            if len(self._waiting) == _MOST:
                self._listen()

    async def _run(self, waiting: deque[str | None]) -> None:
        try:
            while waiting:
                await self._work(waiting.popleft())
                if len(waiting) == _MOST - 1:
                    self._listen()
        finally:
            self._waiting = None
