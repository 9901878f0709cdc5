"""Which time a report is about, and in which steps: from (in it) to (not in it). Pure.

Two dates are business days, as the venue states them with each order; two moments, each with its time zone, are times
of the clock. Refunds and lists of late orders know no business day: there, dates are days of `tz`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

LONGEST = timedelta(days=800)
_REMEDY = "a day, such as 2026-11-24, or a moment with its time zone, such as 2026-11-24T19:00:00Z"


class Bucket(StrEnum):
    """The steps of a report."""

    HOUR = "hour"
    DAY = "day"
    NONE = "none"


class Unreadable(ValueError):
    """A field that can't be taken, and what would do."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`: both dates, or both moments."""

    start: date
    end: date

    @property
    def days(self) -> bool:
        """Say whether it is told in days."""
        return not isinstance(self.start, datetime)

    @classmethod
    def parse(cls, start: str, end: str) -> "Period":
        """Read `from` and `to`. Raises Unreadable."""
        first, last = _read("from", start), _read("to", end)
        if isinstance(first, datetime) is not isinstance(last, datetime):
            raise Unreadable("to", "give two days or two moments, not one of each")
        if not first < last:
            raise Unreadable("to", "must be after `from`: what it names is itself not in the period")
        if last - first > LONGEST:
            raise Unreadable("to", f"the period is longer than {LONGEST.days} days: ask for shorter ones")
        return cls(first, last)


def _read(field: str, text: str) -> date:
    try:
        read = datetime.fromisoformat(text.replace(" ", "+")) if "T" in text else date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(field, f"give {_REMEDY}") from error
    if isinstance(read, datetime) and read.tzinfo is None:
        raise Unreadable(field, f"the moment has no time zone: give {_REMEDY}")
    return read
