"""However many ask, a key is loaded once an interval; a failure, or who goes away, spoils nobody else's answer."""

import asyncio
from dataclasses import dataclass, field

import pytest

from projector.queries.single_flight import SingleFlight


@dataclass
class Source:
    """Counts loads; each gives its number once let go."""

    loads: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    failing: bool = False
    now: float = 0.0

    async def load(self, key: str) -> int:
        self.loads.append(key)
        number = len(self.loads)
        await self.gate.wait()
        if self.failing:
            raise ConnectionError(key)
        return number

    def flights(self, seconds: float = 1.0) -> "SingleFlight[int]":
        return SingleFlight(self.load, seconds=seconds, clock=lambda: self.now)


async def test_two_thousand_who_ask_at_once_are_one_load() -> None:
    source = Source()
    flights = source.flights()
    asking = [asyncio.create_task(flights.get("bar")) for _ in range(2_000)]
    source.gate.set()
    assert set(await asyncio.gather(*asking)) == {1}
    assert await flights.get("bar") == 1
    assert await flights.get("kiosk") == 2
    assert source.loads == ["bar", "kiosk"]


async def test_after_the_interval_it_is_loaded_again() -> None:
    source = Source()
    source.gate.set()
    flights = source.flights()
    answers = []
    for moment in (0.0, 0.99, 1.0, 1.5, 2.1):
        source.now = moment
        answers.append(await flights.get("bar"))
    assert answers == [1, 1, 2, 2, 3]


async def test_a_load_that_outlasts_the_interval_is_still_joined() -> None:
    source = Source()
    flights = source.flights()
    first = asyncio.create_task(flights.get("bar"))
    await asyncio.sleep(0)
    source.now = 5.0
    second = asyncio.create_task(flights.get("bar"))
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(first, second) == [1, 1]


async def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    source = Source()
    flights = source.flights()
    gone, stays = asyncio.create_task(flights.get("bar")), asyncio.create_task(flights.get("bar"))
    await asyncio.sleep(0)
    gone.cancel()
    source.gate.set()
    assert await stays == 1
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_failed_load_is_told_to_all_and_not_tried_again_within_the_interval() -> None:
    source = Source(failing=True)
    source.gate.set()
    flights = source.flights()
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await flights.get("bar")
    assert len(source.loads) == 1
    source.now, source.failing = 1.0, False
    assert await flights.get("bar") == 2


async def test_who_needs_a_later_answer_waits_for_the_next_load() -> None:
    source = Source()
    source.gate.set()
    flights = SingleFlight(source.load, seconds=0.02)
    assert await flights.get("bar") == 1
    assert await asyncio.gather(*(flights.get("bar", lambda number: number >= 3) for _ in range(50))) == [3] * 50
    assert len(source.loads) == 3


async def test_keys_that_nobody_asks_about_any_more_are_forgotten() -> None:
    source = Source()
    source.gate.set()
    flights = source.flights()
    for number in range(1_000):
        source.now = number * 0.1
        await flights.get(f"venue-{number}")
    assert len(flights._flights) <= 11
