"""Which replica is too far behind: one that lacks records of the primary and has replayed nothing lately."""

from datetime import UTC, datetime, timedelta

import pytest

from projector.queries.analytics.freshness import Behind, Seen, as_of

NOW = datetime(2026, 11, 24, 19, 5, tzinfo=UTC)
MOST = timedelta(seconds=30)


def seen(replica: bool, seconds_ago: float | None, records: int, primary: int | None) -> Seen:
    replayed = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return Seen(replica, NOW, replayed, records, primary)


def test_a_primary_is_as_of_now() -> None:
    assert as_of(seen(False, None, 5, 5), MOST) == NOW


def test_an_idle_primary_does_not_make_a_replica_old() -> None:
    assert as_of(seen(True, 86_400, 5, 5), MOST) == NOW


def test_a_replica_that_is_a_little_behind_says_until_when() -> None:
    assert as_of(seen(True, 12, 5, 9), MOST) == NOW - timedelta(seconds=12)


@pytest.mark.parametrize(("seconds_ago", "primary"), [(31, 9), (31, None), (None, 9)])
def test_a_replica_that_is_too_far_behind_is_not_asked(seconds_ago: float | None, primary: int | None) -> None:
    with pytest.raises(Behind):
        as_of(seen(True, seconds_ago, 5, primary), MOST)
