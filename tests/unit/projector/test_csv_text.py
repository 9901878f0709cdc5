"""No text of a guest or a till becomes a formula, a row or a column of its own; numbers stay numbers."""

import csv
import io
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from projector.queries.analytics.csv_text import csv_lines

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
texts = st.text(st.sampled_from("=+-@\t\r\n\"',;a é＝0"), max_size=8)  # noqa: RUF001


@given(st.lists(st.lists(texts, min_size=2, max_size=4), min_size=1, max_size=4))
@example([['=HYPERLINK("http://evil","x")', "-2+3", " @SUM(1)"]])
def test_a_spreadsheet_gets_each_text_in_its_cell_and_no_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_lines(rows), newline="")))
    assert len(read) == len(rows)
    for row, cells in zip(rows, read, strict=True):
        assert [cell.removeprefix("'") for cell in cells] == [text.removeprefix("'") for text in row]
        assert not [cell for cell in cells if cell.lstrip(" ").startswith(FORMULAS)]


def test_negative_numbers_are_not_taken_for_formulas() -> None:
    assert csv_lines([[-5, Decimal("-1.50"), None]]) == "-5,-1.50,\r\n"
