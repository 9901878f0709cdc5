"""The seed's batching: a trailing window, opened by the first event. And what may be set otherwise."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifier.batch import Batches, Cap, Windows, kind_of
from notifier.replay import Entry


def entry(offset: int) -> Entry:
    return Entry(0, offset, 0, ("venue:v1",), (), "order", b"{}")


def test_the_first_event_opens_the_window() -> None:
    assert Batches(Windows(0.1)).add("venue:v1", entry(0), now=5.0) == 5.1


def test_later_events_never_extend_the_window() -> None:
    batches = Batches(Windows(0.1))
    batches.add("venue:v1", entry(0), now=5.0)
    assert batches.add("venue:v1", entry(1), now=5.09) is None
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [0, 1]


def test_after_a_batch_the_next_event_opens_a_new_window() -> None:
    batches = Batches(Windows(0.1))
    batches.add("venue:v1", entry(0), now=5.0)
    batches.take("venue:v1")
    assert batches.add("venue:v1", entry(1), now=7.0) == 7.1
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [1]


def test_rooms_have_windows_of_their_own() -> None:
    batches = Batches(Windows(0.1))
    batches.add("venue:v1", entry(0), now=5.0)
    assert batches.add("venue:v2", entry(1), now=5.05) == 5.05 + 0.1
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [0]


def test_a_room_without_events_has_nothing_to_take() -> None:
    assert Batches(Windows(0.1)).take("venue:v1") == []


@pytest.mark.parametrize(
    ("room", "kind"),
    [
        ("venue:v1", "venue"),
        ("venue:v1:station:grill", "station"),
        ("organization:o", "organization"),
        ("order:x", "order"),
    ],
)
def test_each_kind_of_room_may_have_a_window_of_its_own(room: str, kind: str) -> None:
    assert kind_of(room) == kind
    batches = Batches(Windows(0.1, {kind: 0.5}))
    assert batches.add(room, entry(0), now=5.0) == 5.5
    assert batches.add("order:y" if kind != "order" else "venue:v2", entry(0), now=5.0) == 5.1


def test_with_the_leading_edge_an_idle_room_s_event_goes_at_once_and_the_next_ones_wait_for_its_window() -> None:
    batches = Batches(Windows(0.1, leading=True))
    assert batches.add("venue:v1", entry(0), now=5.0) == 5.0
    batches.take("venue:v1")
    assert batches.add("venue:v1", entry(1), now=5.04) == 5.1
    assert batches.add("venue:v1", entry(2), now=5.06) is None
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [1, 2]
    assert batches.add("venue:v1", entry(3), now=5.15) == 5.1 + 0.1
    batches.take("venue:v1")
    assert batches.add("venue:v1", entry(4), now=9.0) == 9.0


@given(st.lists(st.floats(0, 0.3), max_size=40))
def test_the_leading_edge_sends_no_more_than_a_batch_a_window(pauses: list[float]) -> None:
    batches, now, due, flushed = Batches(Windows(0.1, leading=True)), 0.0, None, []
    for offset, pause in enumerate(pauses):
        now += pause
        if due is not None and due <= now:
            batches.take("venue:v1")
            due = None
        opened = batches.add("venue:v1", entry(offset), now)
        if opened is not None:
            assert due is None
            due = opened
            flushed.append(opened)
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(flushed))


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 10), st.integers(1, 100))
def test_a_cap_cuts_in_order_and_holds_unless_one_event_alone_is_larger(sizes: list[int], most: int, size: int) -> None:
    entries = [replace(entry(offset), value=b"x" * length) for offset, length in enumerate(sizes)]
    parts = list(Cap(most, size).cut(entries))
    assert [one for part in parts for one in part] == entries
    for part in parts:
        assert 1 <= len(part) <= most
        assert len(part) == 1 or sum(len(one.value) for one in part) <= size
