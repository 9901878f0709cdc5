r"""Rows on their way to Postgres: a column is one text, taken apart there.

An array parameter costs asyncpg a look at each element, by far the most of a batch; joining texts costs next to
nothing. U+001F stands before each text, U+001E alone for NULL. Our ids hold neither; in a free text that does, they
become U+FFFD: it is a copy, the document beside it has what was said. Numbers, days and JSON hold no such character:
U+001F stands between them, None for NULL.
"""

from collections.abc import Iterable, Sequence
from datetime import date

_MARK, _NULL, _REPLACED = "\x1f", "\x1e", "\ufffd"
_CASTS = {
    "text": "part.{0}",
    "bigint": "part.{0}::bigint",
    "json": "part.{0}::json",
    "date": "part.{0}::date",
    "numeric": "part.{0}::numeric",
    "millis": "to_timestamp(part.{0}::float8 / 1000)",  # exact to the microsecond for thousands of years
    "hours": "to_timestamp(part.{0}::float8 * 3600)",
    "hundred thousandths": "0.00001 * part.{0}::numeric",
}
_TAKEN_APART = (
    "string_to_array(${0}::text, E'\\x1f', 'None')",
    "(string_to_array(${0}::text, E'\\x1f', E'\\x1e'))[2:]",  # so that one empty text is not the same as no text
)
Column = tuple[str, str]
"""A column's name, and how its texts are read: a key of _CASTS."""


def column(values: Sequence[str | None]) -> str:
    """Write a column of texts."""
    nulls = values.count(None)
    joined = _MARK.join(["", *(_texts(values) if nulls else values)])  # type: ignore[list-item]  # no None then
    if joined.count(_MARK) == len(values) and joined.count(_NULL) == nulls:
        return joined
    return _MARK.join(["", *_texts([value and _without_marks(value) for value in values])])


def plain(values: Iterable[int | date | str | None]) -> str:
    """Write a column of whole numbers, of days, or of JSON."""
    return _MARK.join(map(str, values))


def rows_of(columns: Sequence[Column], first: int = 1) -> str:
    """Give the SQL of the rows whose columns are the parameters from `first` on."""
    arrays = ", ".join(_TAKEN_APART[kind == "text"].format(place) for place, (_, kind) in enumerate(columns, first))
    return f"unnest({arrays}) AS part({', '.join(name for name, _ in columns)})"


def values_of(columns: Sequence[Column]) -> str:
    """Give the SQL of the columns' values in such rows."""
    return ", ".join(_CASTS[kind].format(name) for name, kind in columns)


def _texts(values: Sequence[str | None]) -> list[str]:
    return [_NULL if value is None else value for value in values]


def _without_marks(value: str) -> str:
    return value.replace(_MARK, _REPLACED).replace(_NULL, _REPLACED)
