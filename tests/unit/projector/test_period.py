"""Periods: two days or two moments, in order, each moment with its time zone; anything else is refused by field."""

from datetime import UTC, date, datetime

import pytest

from projector.queries.analytics.period import Period, Unreadable


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        ("2026-11-01", "2026-12-01", Period(date(2026, 11, 1), date(2026, 12, 1))),
        (
            "2026-11-24T20:00:00+01:00",
            "2026-11-24T19:30:00Z",
            Period(datetime(2026, 11, 24, 19, tzinfo=UTC), datetime(2026, 11, 24, 19, 30, tzinfo=UTC)),
        ),
        (
            "2026-11-24T20:00:00 01:00",  # a + that a URL made a space
            "2026-11-24T19:30:00Z",
            Period(datetime(2026, 11, 24, 19, tzinfo=UTC), datetime(2026, 11, 24, 19, 30, tzinfo=UTC)),
        ),
    ],
)
def test_a_period_is_read(start: str, end: str, period: Period) -> None:
    assert Period.parse(start, end) == period


@pytest.mark.parametrize(
    ("start", "end", "field", "words"),
    [
        ("yesterday", "2026-12-01", "from", "such as 2026-11-24"),
        ("2026-11-01", "", "to", "such as 2026-11-24"),
        ("2026-11-01T00:00:00", "2026-12-01T00:00:00Z", "from", "no time zone"),
        ("2026-11-01", "2026-12-01T00:00:00Z", "to", "two days or two moments"),
        ("2026-11-01", "2026-11-01", "to", "after `from`"),
        ("2020-01-01", "2026-11-01", "to", "longer than 800 days"),
    ],
)
def test_what_is_no_period_is_refused_by_field(start: str, end: str, field: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words) as refused:
        Period.parse(start, end)
    assert refused.value.field == field
