"""Columns on their way to Postgres: it takes apart what was put together, and a strange text stays one value."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from projector.columns import Column, column, documents, no_rows, numbers

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


@given(st.lists(st.none() | st.integers() | st.dates(), max_size=6))
def test_numbers_and_days_come_apart_as_they_were(values: list[int | date | None]) -> None:
    parts = numbers(values).removeprefix("{").removesuffix("}")
    left = [None if part == "NULL" else part for part in parts.split(",")] if parts else []
    assert left == [None if value is None else str(value) for value in values]


def test_no_rows_are_written_as_columns_of_none() -> None:
    columns: tuple[Column, ...] = (("name", "text"), ("at", "millis"), ("day", "date"), ("document", "json"))
    assert no_rows(columns) == [column([]), numbers([]), numbers([]), documents([])]
