"""An order's audit trail lies in the partition of the month in which it began, by UTC."""

from datetime import UTC, datetime

import pytest

from projector.trail_months import Month, month_of


def test_a_month_is_told_by_utc() -> None:
    midnight = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
    assert month_of(midnight - 1) == Month(2026, 11)
    assert month_of(midnight).table == "order_events_2026_12"


@pytest.mark.parametrize(("month", "after"), [(Month(2026, 11), Month(2026, 12)), (Month(2026, 12), Month(2027, 1))])
def test_months_follow_each_other(month: Month, after: Month) -> None:
    assert month.next == after
