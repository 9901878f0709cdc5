"""A silent log passes; a feed that hears nothing while the log answers has lost its way."""

from typing import Any

import pytest

from notifier.metrics import Metrics
from notifier.rounds import FeedStuck, Rounds


class Feed:
    """A feed that hears nothing, before a log that answers other questions or does not."""

    def __init__(self, *, log_answers: bool) -> None:
        self.answers = log_answers
        self.asked = 0

    async def log_answers(self, _seconds: float) -> bool:
        self.asked += 1
        return self.answers


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def rounds(feed: Feed, clock: Clock) -> Rounds:
    nobody: Any = None
    heard_nothing: Any = feed
    return Rounds(heard_nothing, nobody, nobody, nobody, Metrics(), stale_after=5, now=clock)


async def walk(walking: Rounds, clock: Clock, seconds: int, heard_at: float) -> None:
    for _ in range(seconds * 2):
        clock.time += 0.5
        await walking.ask(heard_at)


async def test_a_log_that_is_down_is_waited_for() -> None:
    clock, feed = Clock(), Feed(log_answers=False)
    await walk(rounds(feed, clock), clock, 600, heard_at=1_000.0)
    assert 100 < feed.asked < 120, "every five seconds"


async def test_a_feed_that_is_stuck_ends_the_process() -> None:
    clock, feed = Clock(), Feed(log_answers=True)
    with pytest.raises(FeedStuck, match="while the log answers"):
        await walk(rounds(feed, clock), clock, 60, heard_at=1_000.0)
    assert clock.time > 1_035, "one answer is no proof: it may be about to come back"


async def test_a_feed_that_hears_is_left_alone() -> None:
    clock, feed = Clock(), Feed(log_answers=True)
    walking = rounds(feed, clock)
    for _ in range(100):
        await walk(walking, clock, 1, heard_at=clock.time)
    assert feed.asked == 0
