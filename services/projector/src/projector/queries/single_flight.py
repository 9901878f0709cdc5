"""Answers that many ask for at once: loaded once a key and interval, and shared by all who wait.

However many screens reconnect, a key is loaded at most once an interval by this process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Flight(Generic[T]):
    started_at: float
    answer: "asyncio.Task[T]"


class SingleFlight(Generic[T]):
    """Loads in flight, or landed within the interval.

    Invariants: a key's loads start at least `seconds` apart, failed ones too, so that a Postgres in trouble is not
    asked by every screen; flights are held in the order of their start, and old ones are dropped as new ones come.
    """

    def __init__(
        self, load: Callable[[str], Awaitable[T]], *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._seconds = seconds
        self._clock = clock
        self._flights: dict[str, _Flight[T]] = {}

    async def get(self, key: str, acceptable: Callable[[T], bool] = lambda _: True) -> T:
        """Give an answer that is at most `seconds` old, or wait for the next one until it is `acceptable`.

        There is no end to that wait but the caller's own deadline. Raises what the load raised.
        """
        while True:
            flight = self._current(key)
            # shielded: a caller that goes away must not take the answer from the others
            answer = await asyncio.shield(flight.answer)
            if acceptable(answer):
                return answer
            await asyncio.sleep(max(0.0, flight.started_at + self._seconds - self._clock()))

    def _current(self, key: str) -> _Flight[T]:
        now = self._clock()
        flight = self._flights.get(key)
        if flight is not None and (not flight.answer.done() or now < flight.started_at + self._seconds):
            return flight
        self._forget(now)
        task = asyncio.ensure_future(self._load(key))
        task.add_done_callback(_retrieve)
        self._flights.pop(key, None)
        self._flights[key] = flight = _Flight(now, task)
        return flight

    def _forget(self, now: float) -> None:
        while self._flights:
            key, oldest = next(iter(self._flights.items()))
            if now < oldest.started_at + self._seconds or not oldest.answer.done():
                break
            del self._flights[key]


def _retrieve(task: "asyncio.Task[T]") -> None:
    if not task.cancelled():
        task.exception()  # all who waited may have gone: asyncio would complain that nobody looked
