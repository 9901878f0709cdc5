"""The board: counts and ages by status; an order whose document states no moment is aged by its last event."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.order import OPEN_STATUSES
from projector.queries.board import Waiting, board_of, waiting

NOW = datetime(2026, 11, 24, 19, 5, tzinfo=UTC)
ages = st.lists(st.tuples(st.sampled_from(OPEN_STATUSES), st.integers(-60, 10_000)))


@given(ages)
def test_every_open_status_is_there_and_every_order_counted_once(orders: list[tuple[str, int]]) -> None:
    board = board_of([Waiting(status, NOW - timedelta(seconds=age)) for status, age in orders], NOW)
    assert [entry["status"] for entry in board] == list(OPEN_STATUSES)
    for entry in board:
        of_it = sorted(max(0, age) for status, age in orders if status == entry["status"])
        assert entry["orders"] == len(of_it)
        if of_it:
            assert entry["oldest_age_seconds"] == of_it[-1]
            assert of_it[0] <= entry["median_age_seconds"] <= of_it[-1]


@pytest.mark.parametrize("since", [None, "", "soon", "2026-11-24T19:00:00"])
def test_a_document_without_a_moment_is_aged_by_its_last_event(since: str | None) -> None:
    row = {"status": "placed", "since": since, "updated_at": NOW}
    assert waiting(row) == Waiting("placed", NOW)
