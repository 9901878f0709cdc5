r"""The audit trail as COPY reads it: an event comes out byte for byte, whatever stands between its tokens."""

import re

from hypothesis import given
from hypothesis import strategies as st

from order_contracts.wire import Envelope
from projector.changes import LogRecord, TrailEntry
from projector.trail import trail_lines

SAID = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\\": "\\"}


def entry(venue: str, event: str) -> TrailEntry:
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
        value=event.encode(),
    )
    return TrailEntry(LogRecord(3, 7, content), content, 1_795_199_100_000)


def read_by_copy(lines: bytes) -> list[list[str]]:
    assert b"\r" not in lines  # COPY takes it for an end of line
    rows = [line.split("\t") for line in lines.decode().split("\n")[:-1]]
    return [[re.sub(r"\\.", lambda said: SAID[said[0]], value) for value in row] for row in rows]


TEXT = st.text(st.sampled_from('a\\n\t\r\n"é'), max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["bar", r"b\N"]), TEXT), max_size=4))
def test_an_event_comes_out_byte_for_byte_whatever_white_space_it_holds(said: list[tuple[str, str]]) -> None:
    rows = read_by_copy(trail_lines([entry(venue, event) for venue, event in said]))
    assert [(row[4], row[11]) for row in rows] == said
    moments = "2026-11-20 18:25:00.007+00", "2026-11-20 18:25:00.000+00"
    rest = ["o1", "1", "e1", "order.placed.v1", "org-1", "3", "7", moments[0], "f", moments[1]]
    assert all([*row[:4], *row[5:11]] == rest for row in rows)
