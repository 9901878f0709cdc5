"""Who waits for the verdict on which event.

Invariant: a waiter is there before its record is sent, so its verdict can't be missed. Waiters hang on the event id,
not on an offset: a repeated send has more than one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from order_api.booked import BookedEvent

Outcome = asyncio.Future[BookedEvent | None]
"""The event as it was accepted; None: lost."""


@dataclass(slots=True, eq=False)
class _Waiter:
    parent: str | None
    outcome: Outcome


class Waiters:
    """The appends in flight."""

    def __init__(self) -> None:
        self._waiters: defaultdict[str, list[_Waiter]] = defaultdict(list)

    @contextmanager
    def waiting(self, event_id: str, parent: str | None) -> Iterator[Outcome]:
        """Give what will hold the verdict on an event that is built on `parent`."""
        waiter = _Waiter(parent, asyncio.get_running_loop().create_future())
        self._waiters[event_id].append(waiter)
        try:
            yield waiter.outcome
        finally:
            self._waiters[event_id].remove(waiter)
            if not self._waiters[event_id]:
                del self._waiters[event_id]

    def __contains__(self, event_id: str) -> bool:
        """Whether anybody waits for an event."""
        return event_id in self._waiters

    def settle(self, event_id: str, parent: str | None, standing: BookedEvent | None) -> None:
        """Tell of a record of an event; `standing` is the event as it was accepted, now or before."""
        for waiter in self._waiters.get(event_id, ()):
            # A loser on another parent is of an earlier try, or of another replica's: it says nothing of this one.
            if not waiter.outcome.done() and (standing is not None or waiter.parent == parent):
                waiter.outcome.set_result(standing)
