r"""Rows on their way to Postgres: a column is one text, taken apart there.

An array parameter costs asyncpg a look at each element, by far the most of a batch; joining texts costs next to
nothing. U+001F stands before each value, U+001E alone for NULL. JSON and our ids hold neither; in a free text that
does, they become U+FFFD: it is a copy, the document beside it has what was said.
"""

from collections.abc import Iterable, Sequence

_BEFORE, _NULL, _REPLACED = "\x1f", "\x1e", "\ufffd"
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
Column = tuple[str, str]
"""A column's name, and how its texts are read: a key of _CASTS."""


def column(values: Sequence[str | None]) -> str:
    """Write a column."""
    written = [_NULL if value is None else value for value in values]
    joined = "".join([_BEFORE + value for value in written])
    if joined.count(_BEFORE) == len(values) and (_NULL not in joined or joined.count(_NULL) == values.count(None)):
        return joined
    return "".join(_BEFORE + (_NULL if value is None else _without_marks(value)) for value in values)


def numbers(values: Iterable[int | None]) -> str:
    """Write a column of whole numbers."""
    return "".join([f"{_BEFORE}{_NULL if value is None else value}" for value in values])


def rows_of(columns: Sequence[Column], first: int = 1) -> str:
    """Give the SQL of the rows whose columns are the parameters from `first` on."""
    arrays = ", ".join(
        f"(string_to_array(${place}::text, E'\\x1f', E'\\x1e'))[2:]" for place, _ in enumerate(columns, first)
    )
    return f"unnest({arrays}) AS part({', '.join(name for name, _ in columns)})"


def values_of(columns: Sequence[Column]) -> str:
    """Give the SQL of the columns' values in such rows."""
    return ", ".join(_CASTS[kind].format(name) for name, kind in columns)


def _without_marks(value: str) -> str:
    return value.replace(_BEFORE, _REPLACED).replace(_NULL, _REPLACED)
