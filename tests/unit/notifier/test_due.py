"""Rooms are flushed in the order in which their windows end, each once."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.due import Due


@given(st.lists(st.tuples(st.integers(0, 50), st.text(max_size=3))))
def test_rooms_come_out_by_moment_and_then_as_they_were_put_in(windows: list[tuple[int, str]]) -> None:
    due = Due()
    for moment, room in windows:
        due.put(moment, room)
    taken = []
    for now in range(51):
        assert (due.next() is None) == (len(taken) == len(windows))
        while (room := due.take(now)) is not None:
            taken.append((now, room))
    assert taken == sorted(windows, key=lambda window: window[0])


def test_nothing_is_taken_before_its_time() -> None:
    due = Due()
    due.put(2.0, "r")
    assert (due.take(1.999), due.next(), due.take(2.0), due.next()) == (None, 2.0, "r", None)
