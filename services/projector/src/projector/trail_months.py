"""The partitions of `order_events`: one a month in which orders began, made when the first of its events comes.

Made by whoever writes, not ahead of time: a replay of an old log begins in months that no calendar job thinks of.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import asyncpg

from projector.order_row import at_ms

_DAY = 86_400_000
_LOCK = 0x5CA115E8  # any number that nobody else uses; schema has the one before
# Asked of the catalogue's rows: to_regclass answers from a cache that a lock on nothing but a number does not refresh.
_THERE = """
SELECT relname::text AS name FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relname = ANY($1::text[])
"""


class Month(NamedTuple):
    """A calendar month, UTC."""

    year: int
    month: int

    @property
    def table(self) -> str:
        """The partition's name."""
        return f"order_events_{self.year:04}_{self.month:02}"

    @property
    def next(self) -> "Month":
        """The month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)


@lru_cache(maxsize=65536)
def _month_of_day(day: int) -> Month:
    utc = at_ms(day * _DAY)
    return Month(utc.year, utc.month)


def month_of(moment: int) -> Month:
    """Give the month of a moment (ms since 1970)."""
    return _month_of_day(moment // _DAY)


class TrailMonths:
    """Makes partitions that are missing. What it knows to be there was committed by somebody."""

    def __init__(self) -> None:
        self._known: set[Month] = set()

    def forget(self) -> None:
        """Look again: what was there may have been dropped."""
        self._known.clear()

    async def ensure(self, connection: asyncpg.Connection, began: Iterable[int]) -> None:
        """Make the partitions of orders that began at these times (ms since 1970), within the caller's transaction.

        It may be rolled back, so a partition is only remembered once a later batch has found it.
        """
        missing = {month.table: month for month in {month_of(at) for at in began} - self._known}
        if not missing:
            return
        there = {row["name"] for row in await connection.fetch(_THERE, list(missing))}
        self._known |= {missing.pop(name) for name in there}
        if missing:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            there = {row["name"] for row in await connection.fetch(_THERE, list(missing))}  # made while we waited
            for month in sorted(month for name, month in missing.items() if name not in there):
                await _make(connection, month)


async def _make(connection: asyncpg.Connection, month: Month) -> None:
    """Make one apart and attach it: PARTITION OF would lock out everybody who reads any event."""
    await connection.execute(f"CREATE TABLE {month.table} (LIKE order_events INCLUDING ALL)")
    await connection.execute(
        f"ALTER TABLE order_events ATTACH PARTITION {month.table} "
        f"FOR VALUES FROM ('{_first(month)}') TO ('{_first(month.next)}')"
    )


def _first(month: Month) -> str:
    return f"{month.year:04}-{month.month:02}-01 00:00:00+00"
