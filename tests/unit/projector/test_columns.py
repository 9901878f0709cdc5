"""Columns on their way to Postgres: it takes apart what was put together, and a strange text stays one value."""

from hypothesis import given
from hypothesis import strategies as st

from projector.columns import column, plain

TEXTS = st.lists(st.none() | st.text(st.sampled_from("ab\x1e\x1f,None"), max_size=5), max_size=6)


def taken_apart(written: str, null: str) -> list[str | None]:
    """Do as string_to_array does."""
    return [None if part == null else part for part in written.split("\x1f")] if written else []


@given(TEXTS)
def test_a_text_with_marks_stays_one_value_and_null_stays_null(values: list[str | None]) -> None:
    marks = str.maketrans("\x1e\x1f", "\ufffd\ufffd")
    left = taken_apart(column(values), "\x1e")[1:]
    assert len(left) == len(values)
    for value, found in zip(values, left, strict=True):
        assert found == value or (value is not None and found == value.translate(marks))


@given(st.lists(st.none() | st.integers(), max_size=6))
def test_numbers_come_apart_as_they_were(values: list[int | None]) -> None:
    left = taken_apart(plain(values), "None")
    assert [None if value is None else int(value) for value in left] == values
