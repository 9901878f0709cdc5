"""Which orders count in sales and times, to which hour and day, and how their sums move. Pure.

An order counts from when it is placed, whatever becomes of it but `rejected`, `cancelled` and `failed`; what is only
scheduled does not yet. It counts at the hour (UTC) and business day of its placing, so a later correction moves that
hour's sums and no other's. What an order adds is a function of its row alone; an event moves sums by the difference
of the row after and the row before. Hence no cutting of the log into batches can show in them.
"""

from collections.abc import Collection, Mapping
from datetime import date
from enum import Enum
from functools import lru_cache
from operator import add, neg, sub
from typing import Any, NamedTuple, TypeVar

from order_contracts.order import Status
from projector.order_row import OrderRow, at_ms
from projector.unprojectable import day_of, text_in

_PLACING = frozenset({"status", "placed_at", "business_date"})
_HOUR = 3_600_000
K = TypeVar("K")
Sums = tuple[int, ...]


class Occasion(NamedTuple):
    """Where and when an order counts. `hour` is in hours since 1970, UTC."""

    venue_id: str
    organization_id: str
    hour: int
    business_date: date


class Tally(dict[K, Sums]):
    """Sums by key, or changes of them. A key that all went away from again has zeros, for as long as a batch lasts."""

    def add(self, parts: Collection[tuple[K, Sums]]) -> None:
        """Add to the sums."""
        for key, sums in parts:
            held = self.get(key)
            self[key] = sums if held is None else tuple(map(add, held, sums))


class Standing(Enum):
    """What an order is to sales and times."""

    NOT_YET = "not yet"
    COUNTED = "counted"
    UNMADE = "unmade"


COUNTED = Standing.COUNTED  # a name of its own: a look at an enumeration's member takes longer than the rest
_STANDINGS = {
    Status.SCHEDULED.value: Standing.NOT_YET,
    **dict.fromkeys((Status.REJECTED.value, Status.CANCELLED.value, Status.FAILED.value), Standing.UNMADE),
}


def standing_of(row: OrderRow) -> Standing:
    """Say whether an order counts. One in a status that nobody knows yet does."""
    return _STANDINGS.get(row.status, COUNTED)


def occasion_of(row: OrderRow) -> Occasion:
    """Give the hour and day that an order belongs to: of its placing, or of its first event where none is stated."""
    placed = row.pace.created if row.pace.placed is None else row.pace.placed
    return _occasion(row.venue_id, row.organization_id, placed // _HOUR, text_in(row.document, "business_date"))


@lru_cache(maxsize=16384)  # of thousands of orders the same few
def _occasion(venue_id: str, organization_id: str, hour: int, business_date: str | None) -> Occasion:
    day = at_ms(hour * _HOUR).date() if business_date is None else day_of(business_date, "business_date")
    return Occasion(venue_id, organization_id, hour, day)


def counted_elsewhere(before: OrderRow, after: OrderRow, change: Mapping[str, Any]) -> bool:
    """Whether a change moved all of an order: it counts now, or no more, or at another hour or day."""
    return not _PLACING.isdisjoint(change) and (
        (before.status != after.status and standing_of(before) is not standing_of(after))
        or before.pace.placed != after.pace.placed
        or before.document.get("business_date") is not after.document.get("business_date")
    )


def moved(before: Mapping[K, Sums], after: Mapping[K, Sums]) -> list[tuple[K, Sums]]:
    """Give what has to be added to sums that hold `before`, so that they hold `after`."""
    changes: list[tuple[K, Sums]] = []
    for key, sums in after.items():
        held = before.get(key)
        if held is None:
            changes.append((key, sums))
        elif held != sums:
            changes.append((key, tuple(map(sub, sums, held))))
    changes += [(key, tuple(map(neg, sums))) for key, sums in before.items() if key not in after]
    return changes
