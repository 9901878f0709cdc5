"""The audit trail as COPY reads it: an event comes out byte for byte, whatever stands between its tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from order_contracts.wire import Envelope
from projector.changes import LogRecord, TrailEntry
from projector.trail import COLUMNS, trail_rows

AT = datetime(2026, 11, 20, 18, 25, tzinfo=UTC)
NUMBERS = ("version", "partition", "log_offset")
MOMENTS = ("appended_at", "began_at")


def entry(venue: str, event: bytes) -> TrailEntry:
    content = Envelope(
        id="e1",
        type="order.placed.v1",
        order_id="o1",
        venue_id=venue,
        organization_id="org-1",
        version=1,
        parent=None,
        stations=(),
        not_after=0,
        fingerprint="f",
        appended_at=1_795_199_100_007,
        value=event,
    )
    return TrailEntry(LogRecord(3, 7, content), content, 1_795_199_100_000)


def read_by_copy(lines: bytes) -> list[dict[str, Any]]:
    """Do as binary COPY does: a count of values, then each behind its length."""
    rows, at = [], 0

    def take(length: int) -> bytes:
        nonlocal at
        at += length
        return lines[at - length : at]

    while at < len(lines):
        assert int.from_bytes(take(2)) == len(COLUMNS)
        rows.append({name: said(name, take(int.from_bytes(take(4)))) for name in COLUMNS})
    return rows


def said(name: str, raw: bytes) -> Any:
    if name in NUMBERS:
        return int.from_bytes(raw, signed=True)
    if name in MOMENTS:
        return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=int.from_bytes(raw, signed=True))
    return raw if name == "event" else raw.decode()


@given(st.lists(st.tuples(st.sampled_from(["bar", r"b\N", "osteria"]), st.binary(max_size=8)), max_size=4))
def test_an_event_comes_out_byte_for_byte_whatever_it_holds(events: list[tuple[str, bytes]]) -> None:
    rest = {"order_id": "o1", "version": 1, "event_id": "e1", "type": "order.placed.v1", "organization_id": "org-1"}
    place = {"partition": 3, "log_offset": 7, "fingerprint": "f"}
    moments = {"appended_at": AT + timedelta(milliseconds=7), "began_at": AT}
    assert read_by_copy(trail_rows([entry(*one) for one in events])) == [
        {**rest, **place, **moments, "venue_id": venue, "event": event} for venue, event in events
    ]
