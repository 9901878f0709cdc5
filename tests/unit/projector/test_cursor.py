"""Cursors lead back to where a page ended; other texts are refused in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.queries.cursor import Cursor


@given(st.integers(0, 4_000_000_000_000), st.text("abc-01_9 ", min_size=1, max_size=64))
def test_a_cursor_is_read_back_as_it_was_written(milliseconds: int, order_id: str) -> None:
    cursor = Cursor(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds), order_id)
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "MTIzNDU", "OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)
