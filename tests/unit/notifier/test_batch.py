"""The seed's batching: a trailing window, opened by the first event."""

from notifier.batch import Batches
from notifier.replay import Entry


def entry(offset: int) -> Entry:
    return Entry(0, offset, 0, ("venue:v1",), (), b"{}")


def test_the_first_event_opens_the_window() -> None:
    assert Batches(0.1).add("venue:v1", entry(0), now=5.0) == 5.1


def test_later_events_never_extend_the_window() -> None:
    batches = Batches(0.1)
    batches.add("venue:v1", entry(0), now=5.0)
    assert batches.add("venue:v1", entry(1), now=5.09) is None
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [0, 1]


def test_after_a_batch_the_next_event_opens_a_new_window() -> None:
    batches = Batches(0.1)
    batches.add("venue:v1", entry(0), now=5.0)
    batches.take("venue:v1")
    assert batches.add("venue:v1", entry(1), now=7.0) == 7.1
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [1]


def test_rooms_have_windows_of_their_own() -> None:
    batches = Batches(0.1)
    batches.add("venue:v1", entry(0), now=5.0)
    assert batches.add("venue:v2", entry(1), now=5.05) == 5.05 + 0.1
    assert [waiting.offset for waiting in batches.take("venue:v1")] == [0]


def test_a_room_without_events_has_nothing_to_take() -> None:
    assert Batches(0.1).take("venue:v1") == []
