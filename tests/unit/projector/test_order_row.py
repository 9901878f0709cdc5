"""One order's row: columns come from the document and the log's clock, and what is no order is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.random_log import entry_of, order_event
from order_contracts.events import decode_event
from order_contracts.examples import golden_records
from order_contracts.wire import Envelope, read_record
from projector.order_row import OrderRow, at_ms, row_after
from projector.unprojectable import Unprojectable
from projector.venue_counts import count_changes


def after(
    before: OrderRow | None, version: int, change: dict[str, Any], *, at: int = 5, venue: str = "bar"
) -> OrderRow:
    parent = None if version == 1 else f"e{version - 1}"
    entry = entry_of(order_event("o1", venue, version, parent, f"e{version}", change), 1)
    envelope = read_record(entry.key, entry.value, entry.headers, at)
    assert isinstance(envelope, Envelope)
    return row_after(before, envelope, decode_event(envelope.value))


def test_created_is_the_first_append_time_and_updated_the_last() -> None:
    first = after(None, 1, {"status": "placed", "placed_at": "2026-11-20T18:25:00.000Z"}, at=1_795_199_100_123)
    second = after(first, 2, {"status": "ready"}, at=1_795_199_100_999)
    assert first.pace.created == second.pace.created == 1_795_199_100_123
    assert second.pace.updated == 1_795_199_100_999
    assert at_ms(second.pace.placed or 0) == datetime(2026, 11, 20, 18, 25, tzinfo=UTC)
    assert (second.version, second.head, second.status) == (2, "e2", "ready")


@pytest.mark.parametrize(("first", "last", "status"), [(0, 5, "completed"), (5, 12, "accepted")])
def test_golden_records_make_rows(first: int, last: int, status: str) -> None:
    row: OrderRow | None = None
    for _, record in list(golden_records())[first:last]:
        headers = [(name, text.encode()) for name, text in record["headers"].items()]
        envelope = read_record(record["key"].encode(), record["value"].encode(), headers, record["appended_at"])
        assert isinstance(envelope, Envelope)
        row = row_after(row, envelope, decode_event(envelope.value))
    assert row is not None
    assert (row.status, row.version) == (status, last - first)


def test_a_first_event_leaves_nothing_that_it_calls_null() -> None:
    change = {"status": "placed", "notes": None, "items": {"1": {"name": "null", "notes": None}, "2": None}}
    row = after(None, 1, change)
    assert row.document == {"version": 1, "status": "placed", "items": {"1": {"name": "null"}}}
    plain = {"status": "placed", "items": {"1": {"name": "Soup", "modifiers": []}}}
    assert after(None, 1, plain).document == {"version": 1, **plain}


def test_statuses_that_nobody_knows_yet_are_kept() -> None:
    assert after(None, 1, {"status": "levitating", "payment": "bartered"}).status == "levitating"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"status": 7},
        {"status": "placed", "payment": []},
        {"status": "placed", "placed_at": "yesterday"},
        {"status": "placed", "placed_at": "2026-11-20T18:25:00"},
    ],
)
def test_a_document_that_is_no_order_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Unprojectable):
        after(None, 1, change)


def test_an_order_does_not_move_to_another_venue() -> None:
    with pytest.raises(Unprojectable, match="another venue"):
        after(after(None, 1, {"status": "placed"}), 2, {}, venue="kiosk")


def test_counts_follow_the_status_and_nothing_else() -> None:
    placed = after(None, 1, {"status": "placed"})
    noted = after(placed, 2, {"notes": "no onions"})
    ready = after(noted, 3, {"status": "ready"})
    assert list(count_changes(None, placed)) == [(("bar", "placed", "org-1"), (1,))]
    assert list(count_changes(placed, noted)) == []
    assert list(count_changes(noted, ready)) == [(("bar", "placed", "org-1"), (-1,)), (("bar", "ready", "org-1"), (1,))]
