"""The rows of `stage_times`, as changes: how many stays of which length, by stage, station and hour. Pure.

Counts in buckets and not a row a stay: percentiles over any venues and hours are sums of few rows, corrections take
back what they gave, and a year costs no more than its buckets. A bucket is a sixteenth of its power of two wide at
most, so a percentile read from it is off by 6 % at most, and exact below half a minute.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from order_contracts.order import ItemState
from projector.counting import Occasion, Standing, Sums, Tally, moved, occasion_of, standing_of
from projector.order_row import OrderRow
from projector.unprojectable import text_in

KITCHEN = "kitchen"
"""The stage of a line: from when the kitchen had to make it until it was made. All others are an order's statuses."""
_MADE = frozenset({ItemState.READY, ItemState.SERVED})
_FINE = 5  # bits of a bucket's number of seconds that are kept


class StageKey(NamedTuple):
    """A row of `stage_times`. Its sums: stays, their milliseconds."""

    occasion: Occasion
    stage: str
    station: str
    from_seconds: int


def bucket_of(milliseconds: int) -> int:
    """Give the lower end of a duration's bucket, in seconds."""
    seconds = milliseconds // 1000
    coarse = max(0, seconds.bit_length() - _FINE)
    return seconds >> coarse << coarse


def bucket_end(from_seconds: int) -> int:
    """Give the upper end of a bucket, itself not in it, from the lower one."""
    return from_seconds + (1 << max(0, from_seconds.bit_length() - _FINE))


def stage_changes(before: OrderRow | None, after: OrderRow) -> Iterator[tuple[StageKey, Sums]]:
    """Give what an event changes: stays that ended, and those that it took back."""
    return moved({} if before is None else _stays(before), _stays(after))


def _stays(row: OrderRow) -> Mapping[StageKey, Sums]:
    stays: Tally[StageKey] = Tally()
    pace = row.pace
    if standing_of(row) is not Standing.COUNTED or not (pace.spent or pace.lines):
        return stays
    occasion = occasion_of(row)
    stays.add(_stay(occasion, status, "", spent) for status, spent in pace.spent.items())
    items = row.document.get("items") or {}
    for line_id, (_, worked) in pace.lines.items():
        item = items.get(line_id, {})
        if worked is not None and item.get("state") in _MADE:
            stays.add([_stay(occasion, KITCHEN, text_in(item, "station") or "", worked)])
    return stays


def _stay(occasion: Occasion, stage: str, station: str, spent: int) -> tuple[StageKey, Sums]:
    return StageKey(occasion, stage, station, bucket_of(spent)), (1, spent)
