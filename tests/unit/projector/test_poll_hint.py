"""A poll hint stays within its bounds and follows the venue's own rate."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from projector.queries.poll_hint import LOOKED_AT, PollBounds, poll_after_ms

NOW = datetime(2026, 11, 24, 19, 5, tzinfo=UTC)
BOUNDS = PollBounds(1_000, 60_000)
ages = st.lists(st.integers(-5_000, 100_000_000), max_size=LOOKED_AT).map(sorted)
bounds = st.tuples(st.integers(100, 10_000), st.integers(0, 100_000)).map(lambda two: PollBounds(two[0], sum(two)))


def moments(milliseconds_ago: list[int]) -> list[datetime]:
    return [NOW - timedelta(milliseconds=age) for age in milliseconds_ago]


@given(ages, bounds)
def test_a_hint_is_never_outside_its_bounds(milliseconds_ago: list[int], within: PollBounds) -> None:
    assert within.least_ms <= poll_after_ms(NOW, moments(milliseconds_ago), within) <= within.most_ms


@given(ages, st.integers(0, 10_000_000))
def test_silence_never_shortens_the_wait(milliseconds_ago: list[int], later_ms: int) -> None:
    latest = moments(milliseconds_ago)
    later = NOW + timedelta(milliseconds=later_ms)
    assert poll_after_ms(later, latest, BOUNDS) >= poll_after_ms(NOW, latest, BOUNDS)


@given(ages)
def test_one_more_event_now_never_lengthens_the_wait(milliseconds_ago: list[int]) -> None:
    latest = moments(milliseconds_ago)
    assert poll_after_ms(NOW, [NOW, *latest][:LOOKED_AT], BOUNDS) <= poll_after_ms(NOW, latest, BOUNDS)


def test_a_rush_is_polled_often_and_a_quiet_afternoon_is_not() -> None:
    assert poll_after_ms(NOW, moments([0, 500, 900, 1_400]), BOUNDS) == 1_000
    assert poll_after_ms(NOW, moments([4_000, 12_000, 24_000]), BOUNDS) == 8_000
    assert poll_after_ms(NOW, moments([7_200_000]), BOUNDS) == 60_000
    assert poll_after_ms(NOW, [], BOUNDS) == 60_000
