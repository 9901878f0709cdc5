"""What an accepted event can be refused for, and how a document's fields are read: as the contract says, or not at all.

A field that is missing contributes nothing. One that is there and is something else quarantines its order: read as
nothing, it would make sums wrong without a word.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

_NOTHING: Mapping[str, Any] = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LARGEST = 2**53 - 1  # of an amount of money, as in contracts


class Unprojectable(ValueError):
    """An accepted event that no row can be made of; the text says why."""


def text_in(part: Mapping[str, Any], field: str) -> str | None:
    """Give a text."""
    value = part.get(field)
    if value is None or type(value) is str:  # type() is: what JSON gives is of no subclass, and this runs often
        return value
    raise Unprojectable(f"{field} is not a text")


def object_in(part: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Give an object, an empty one where there is none."""
    value = part.get(field)
    if value is None:
        return _NOTHING
    if type(value) is not dict:
        raise Unprojectable(f"{field} is not an object")
    return value


def amount_in(part: Mapping[str, Any], field: str) -> int:
    """Give an amount in minor units, 0 where there is none."""
    value = part.get(field)
    if value is None:
        return 0
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise Unprojectable(f"{field} is not an amount in minor units")
    return value


def millis_in(part: Mapping[str, Any], field: str) -> int | None:
    """Give a moment, in milliseconds since 1970; what is finer is cut off."""
    text = text_in(part, field)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unprojectable(f"{field} is not a time: {error}") from error
    if moment.tzinfo is None:
        raise Unprojectable(f"{field} has no time zone")
    return (moment - _EPOCH) // _MILLISECOND


def day_of(text: str, field: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unprojectable(f"{field} is not a day: {error}") from error
