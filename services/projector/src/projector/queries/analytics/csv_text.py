"""Rows as CSV (RFC 4180) that a spreadsheet can open without running anything that a guest or a till wrote. Pure."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from order_contracts.events import timestamp

_DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # a spreadsheet takes the wide ones alike


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Write rows. Text that a spreadsheet could take for a formula is led by an apostrophe; numbers stay numbers."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_DANGEROUS):
        return f"'{value}"
    return value
