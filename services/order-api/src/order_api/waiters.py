"""Who waits for what became of which event: the log's verdict, and the broker's word on the record.

Invariant: a waiter is there before its record is sent, so its verdict can't be missed. Waiters hang on the event id,
not on an offset: a repeated send has more than one.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from msgspec import Struct

from order_api.booked import BookedEvent


class Accepted(Struct, frozen=True):
    """The event as the log accepted it; `stood`: by another's record, before this one came."""

    event: BookedEvent
    stood: bool


class Lost(Struct, frozen=True):
    """Another writer's event extended the same parent first: decide again."""


class Unknown(Struct, frozen=True):
    """The log did not take it as it should: the event may stand or not. Sending it again with the same id is safe."""

    why: str


Outcome = Accepted | Lost | Unknown
_LOST = Lost()
NOT_KNOWN = Unknown("it took too long")


@dataclass(slots=True, eq=False)
class Together:
    """Appends that are awaited at once: woken when the last of them is over."""

    open: int
    all_over: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def one_over(self) -> None:
        """Count one off."""
        self.open -= 1
        if not self.open and not self.all_over.done():
            self.all_over.set_result(None)


@dataclass(slots=True, eq=False)
class Waiter:
    """One append. `stands` is told where its record stands and when it was appended, whoever still waits."""

    event_id: str
    parent: str | None
    stands: Callable[[int, int | None], None]
    _together: Together
    outcome: Outcome | None = None
    _standing: BookedEvent | None = None
    _offset: int | None = None

    @property
    def over(self) -> bool:
        """Whether the outcome is known, or nobody wants to know it any more."""
        return self.outcome is not None

    def judged(self, standing: BookedEvent | None) -> None:
        """Hear the log's verdict: the event as it was accepted, now or before; None: it lost."""
        if standing is None:
            self._end(_LOST)
        elif self._offset is not None:
            self._end(Accepted(standing, stood=self._offset >= standing.next))
        else:
            self._standing = standing  # and whose record it is, the broker's word will tell

    def appended(self, offset: int, appended_at: int | None) -> None:
        """Hear from the broker where the record stands; what it is worth is told by `judged`."""
        self._offset = offset
        if self._standing is not None:
            self.judged(self._standing)
        self.stands(offset, appended_at)

    def failed(self, error: Exception) -> None:
        """Hear from the broker that this record is not surely in the log."""
        self._end_without_word(str(error))

    def give_up(self) -> None:
        """Wait no longer."""
        self._end_without_word(NOT_KNOWN.why)

    def _end_without_word(self, why: str) -> None:
        standing = self._standing
        self._end(Unknown(why) if standing is None else Accepted(standing, stood=False))

    def _end(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self._together.one_over()


class Waiters:
    """The appends in flight."""

    def __init__(self) -> None:
        self._waiters: dict[str, list[Waiter]] = {}

    @contextmanager
    def waiting(self, waiters: Sequence[Waiter]) -> Iterator[None]:
        """Let the verdicts on these reach them; in the end, those that are open are given up."""
        for waiter in waiters:
            self._waiters.setdefault(waiter.event_id, []).append(waiter)
        try:
            yield
        finally:
            for waiter in waiters:
                waiter.give_up()
                self._drop(waiter)

    def _drop(self, waiter: Waiter) -> None:
        others = self._waiters[waiter.event_id]
        if len(others) == 1:
            del self._waiters[waiter.event_id]
        else:
            others.remove(waiter)

    def __contains__(self, event_id: str) -> bool:
        """Whether anybody waits for an event."""
        return event_id in self._waiters

    def settle(self, event_id: str, parent: str | None, standing: BookedEvent | None) -> None:
        """Tell of a record of an event; `standing` is the event as it was accepted, now or before."""
        for waiter in self._waiters.get(event_id, ()):
            # A loser on another parent is of an earlier try, or of another replica's: it says nothing of this one.
            if standing is not None or waiter.parent == parent:
                waiter.judged(standing)
