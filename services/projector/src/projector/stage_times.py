"""The rows of `stage_times`, as changes: how many stays of which length, by stage, station and hour. Pure.

Counts in buckets and not a row a stay: percentiles over any venues and hours are sums of few rows, corrections take
back what they gave, and a year costs no more than its buckets. A bucket is a sixteenth of its power of two wide at
most, so a percentile read from it is off by 6 % at most, and exact below half a minute.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from order_contracts.order import ItemState
from projector.counting import COUNTED, Occasion, Sums, Tally, counted_elsewhere, moved, occasion_of, standing_of
from projector.order_row import OrderRow
from projector.pace import LinePace, lines_touched
from projector.unprojectable import object_in, text_in

KITCHEN = "kitchen"
"""The stage of a line: from when the kitchen had to make it until it was made. All others are an order's statuses."""
_MADE = frozenset({ItemState.READY.value, ItemState.SERVED.value})
_UNMADE = ("", None)
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


def stage_changes(
    before: OrderRow | None, after: OrderRow, change: Mapping[str, Any]
) -> Collection[tuple[StageKey, Sums]]:
    """Give what an event's change moves: stays that ended, and those that it took back."""
    if before is None:
        return ()  # no stay has ended yet
    if counted_elsewhere(before, after, change):
        return moved(_of_order(before), _of_order(after))
    held, pace = before.pace, after.pace
    if standing_of(after) is not COUNTED:
        return ()
    changes: _Changes = []
    if held.spent is not pace.spent:  # the status before is the one that was left
        _move(changes, after, before.status, "", held.spent.get(before.status), pace.spent[before.status])
    touched = lines_touched(change, before.status, after.status)
    if touched is None:
        touched = {**held.lines, **pace.lines}
    if touched and (held.lines or pace.lines):
        earlier, later = object_in(before.document, "items"), object_in(after.document, "items")
        for line_id in touched:
            station, spent = _made(earlier.get(line_id), held.lines.get(line_id))
            station_now, spent_now = _made(later.get(line_id), pace.lines.get(line_id))
            if station == station_now:
                _move(changes, after, KITCHEN, station, spent, spent_now)
            else:
                _move(changes, after, KITCHEN, station, spent, None)
                _move(changes, after, KITCHEN, station_now, None, spent_now)
    return changes


_Changes = list[tuple[StageKey, Sums]]


def _move(changes: _Changes, row: OrderRow, stage: str, station: str, spent: int | None, now: int | None) -> None:
    if spent != now:
        occasion = occasion_of(row)
        if spent is not None:
            changes.append((StageKey(occasion, stage, station, bucket_of(spent)), (-1, -spent)))
        if now is not None:
            changes.append((StageKey(occasion, stage, station, bucket_of(now)), (1, now)))


def _made(item: Any, clock: LinePace | None) -> tuple[str, int | None]:
    """Give a line's station and its time in the kitchen; none where it is not made, or was not made there."""
    if item is None or clock is None or item.get("state") not in _MADE:
        return _UNMADE
    return text_in(item, "station") or "", clock[1]


def _of_order(row: OrderRow) -> Tally[StageKey]:
    tally: Tally[StageKey] = Tally()
    if standing_of(row) is COUNTED:
        pace, items = row.pace, object_in(row.document, "items")
        changes: _Changes = []
        for status, spent in pace.spent.items():
            _move(changes, row, status, "", None, spent)
        for line_id, clock in pace.lines.items():
            station, worked = _made(items.get(line_id), clock)
            _move(changes, row, KITCHEN, station, None, worked)
        tally.add(changes)
    return tally
