"""How far one partition has been read, how far it is known to go, and who waits for that to be read."""

import asyncio
from dataclasses import dataclass, field

from order_contracts.arbiter import Arbiter
from order_contracts.wire import Envelope


@dataclass(slots=True)
class Reading:
    """One partition as its reader has it; `next` is the offset that is to be judged next.

    `own`: what this replica wrote and the broker has acknowledged, by offset, as far as it is not judged yet.
    """

    arbiter: Arbiter
    next: int
    highwater: int = 0
    own: dict[int, Envelope] = field(default_factory=dict)
    _passing: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)

    def learn_end(self, offset: int) -> None:
        """Note how far the log is known to go, by whatever way: a tail that stands still must not look up to date."""
        self.highwater = max(self.highwater, offset)

    async def passed(self, offset: int) -> None:
        """Wait until everything before an offset has been taken in."""
        if self.next < offset:
            passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._passing.append((offset, passed))
            await passed

    def let_pass(self) -> None:
        """Let those go on whose offset has been reached."""
        if not self._passing:
            return
        waiting, self._passing = self._passing, []
        for offset, passed in waiting:
            if self.next < offset:
                self._passing.append((offset, passed))
            elif not passed.done():
                passed.set_result(None)
