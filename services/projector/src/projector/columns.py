r"""Rows on their way to Postgres: a column is one text, taken apart there.

An array parameter costs asyncpg a look at each element, by far the most of a batch; joining texts costs next to
nothing. U+001F stands before each text, U+001E alone for NULL. Our ids hold neither; in a free text that does, they
become U+FFFD: it is a copy, the document beside it has what was said. JSON holds no such character: U+001F stands
between two. Numbers and days are the text of an array, which Postgres reads at half the price of taking it apart.
"""

from collections.abc import Iterable, Sequence
from datetime import date

_MARK, _NULL, _REPLACED = "\x1f", "\x1e", "\ufffd"
_CASTS = {
    "text": "part.{0}",
    "bigint": "part.{0}",
    "json": "written(part.{0})",
    "date": "part.{0}",
    "numeric": "part.{0}",
    "millis": "to_timestamp(part.{0}::float8 / 1000)",  # exact to the microsecond for thousands of years
    "hours": "to_timestamp(part.{0}::float8 * 3600)",
    "hundred thousandths": "0.00001 * part.{0}",
}
_ELEMENTS = {
    "bigint": "bigint",
    "date": "date",
    "numeric": "numeric",
    "millis": "bigint",
    "hours": "bigint",
    "hundred thousandths": "numeric",
}
_TAKEN_APART = {
    # from the second part on, so that one empty text is not the same as no text
    "text": "(string_to_array(${0}::text, E'\\x1f', E'\\x1e'))[2:]",
    "json": "string_to_array(${0}::text, E'\\x1f')",
    **{kind: f"${{0}}::text::{element}[]" for kind, element in _ELEMENTS.items()},
}
Column = tuple[str, str]
"""A column's name, and how its texts are read: a key of _CASTS."""


def column(values: Sequence[str | None]) -> str:
    """Write a column of texts."""
    nulls = values.count(None)
    joined = _MARK.join(["", *(_texts(values) if nulls else values)])  # type: ignore[list-item]  # no None then
    if joined.count(_MARK) == len(values) and joined.count(_NULL) == nulls:
        return joined
    return _MARK.join(["", *_texts([value and _without_marks(value) for value in values])])


def numbers(values: Iterable[int | date | None]) -> str:
    """Write a column of whole numbers or of days."""
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def documents(values: Iterable[str]) -> str:
    """Write a column of JSON."""
    return _MARK.join(values)


def no_rows(columns: Iterable[Column]) -> list[str]:
    """Write columns of no rows at all."""
    return ["{}" if kind in _ELEMENTS else "" for _, kind in columns]


def rows_of(columns: Sequence[Column], first: int = 1) -> str:
    """Give the SQL of the rows whose columns are the parameters from `first` on."""
    arrays = ", ".join(_TAKEN_APART[kind].format(place) for place, (_, kind) in enumerate(columns, first))
    return f"unnest({arrays}) AS part({', '.join(name for name, _ in columns)})"


def values_of(columns: Sequence[Column]) -> str:
    """Give the SQL of the columns' values in such rows."""
    return ", ".join(_CASTS[kind].format(name) for name, kind in columns)


def _texts(values: Sequence[str | None]) -> list[str]:
    return [_NULL if value is None else value for value in values]


def _without_marks(value: str) -> str:
    return value.replace(_MARK, _REPLACED).replace(_NULL, _REPLACED)
