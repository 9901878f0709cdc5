"""A value that lives outside and changes: read at the start, then again and again.

What must not break: once there is a good value, a failed reading never takes it away. How it is read, and the clock,
are given; nothing here opens a file or a socket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
_FIRST_RETRY_SECONDS = 1.0


class NotReadable(Exception):
    """The value could not be read; the text says where and why."""


class Reloaded(Generic[T]):
    """Holds the last good value. `read` raises NotReadable; each new complaint is told once."""

    def __init__(
        self,
        read: Callable[[], Awaitable[T]],
        *,
        every_seconds: float,
        complain: Callable[[str], None],
        at_most_every: float = 10.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._read, self._every, self._complain = read, every_seconds, complain
        self._at_most_every, self._clock = at_most_every, clock
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._complaint: str | None = None
        self.value: T | None = None

    async def load(self) -> bool:
        """Read once, and say whether that worked."""
        async with self._reading:
            return await self._load()

    async def load_again(self, instead_of: T) -> bool:
        """Read because the value seems old, but not too often; say whether there is another one than `instead_of`."""
        async with self._reading:
            if self.value is instead_of and self._clock() - self._read_at >= self._at_most_every:
                await self._load()
            return self.value is not instead_of

    async def run(self) -> None:
        """Read without end: soon again while there is nothing yet, at the interval from then on."""
        retry = _FIRST_RETRY_SECONDS
        while True:
            await asyncio.sleep(retry if self.value is None else self._every)
            retry = min(retry * 2, self._every)
            await self.load()

    async def _load(self) -> bool:
        self._read_at = self._clock()
        try:
            value = await self._read()
        except NotReadable as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                self._complain(self._complaint)
            return False
        if value != self.value:  # the same value keeps its identity: what was derived from it stays good
            self.value = value
        self._complaint = None
        return True
