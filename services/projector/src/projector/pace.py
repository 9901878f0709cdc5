"""An order's clocks: when what happened, how long it stood in each status, and its lines in the kitchen. Pure.

By the log's clock, in whole milliseconds since 1970: the same from every replay, whatever a till's clock says. A stay
that goes on is not counted yet; one that is resumed (a recall) adds to what was spent before. An order that came in as
history has stood nowhere: its one event says how it ended, not when what happened.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from order_contracts.order import ItemState, Status
from projector.unprojectable import Unprojectable, millis_in, object_in, text_in

_MADE = frozenset({Status.READY.value, Status.COMPLETED.value})
_KITCHEN = frozenset({Status.ACCEPTED.value, Status.PREPARING.value, Status.READY.value})
_WORK = frozenset({ItemState.NEW.value, ItemState.PREPARING.value})
LinePace = tuple[int | None, int | None]
"""In the kitchen since (none when it is not), and what was spent there in stays that ended."""
_NOWHERE: LinePace = (None, None)
_NONE: dict[str, Any] = {}


class Pace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Clocks of one order. `ready` is when it was made, none while it is not: a recall takes it back.

    `placed` and `promised` are as stated; `since` is when it came to its status, `spent` the time in those before.
    """

    created: int
    updated: int
    placed: int | None
    promised: int | None
    ready: int | None
    since: int
    spent: dict[str, int]
    lines: dict[str, LinePace]


def pace_after(
    before: Pace | None,
    held: Mapping[str, Any],
    change: Mapping[str, Any],
    document: Mapping[str, Any],
    status: str,
    appended_at: int,
) -> Pace:
    """Give an order's clocks after an event, from the document that it found, its change, and what that left."""
    if before is None:
        stated = millis_in(document, "placed_at"), millis_in(document, "promised_at")
        lines = _lines({}, object_in(document, "items"), status in _KITCHEN, appended_at)
        return Pace(appended_at, appended_at, *stated, None, appended_at, {}, lines)
    ready, since, spent, lines = before.ready, before.since, before.spent, before.lines
    was = held["status"]
    if was != status:
        spent = {**spent, was: spent.get(was, 0) + max(0, appended_at - since)}
        since = appended_at
        ready = None if status not in _MADE else ready if was in _MADE else appended_at
    touched = lines_touched(change, was, status)
    if touched is None:
        lines = _lines(lines, object_in(document, "items"), status in _KITCHEN, appended_at)
    elif touched:
        lines = _moved(lines, touched, object_in(document, "items"), status in _KITCHEN, appended_at)
    return Pace(
        before.created,
        appended_at,
        millis_in(document, "placed_at") if "placed_at" in change else before.placed,
        millis_in(document, "promised_at") if "promised_at" in change else before.promised,
        ready,
        since,
        spent,
        lines,
    )


def lines_touched(change: Mapping[str, Any], was: str, status: str) -> Mapping[str, Any] | None:
    """Give the lines, by id, whose clocks and states an event can have moved, from status `was` to `status`.

    None for all of them: an order came to the kitchen or left it, or its lines are not what they were at all.
    """
    touched = change.get("items", _NONE)
    return touched if type(touched) is dict and (was in _KITCHEN) == (status in _KITCHEN) else None


def _lines(
    before: dict[str, LinePace], items: Mapping[str, Any], in_kitchen: bool, appended_at: int
) -> dict[str, LinePace]:
    """Start the clocks of lines that the kitchen has to make now, stop those of all others."""
    lines: dict[str, LinePace] = {}
    for line_id, item in items.items():
        clock = _clock(before.get(line_id, _NOWHERE), item, in_kitchen, appended_at)
        if clock is not _NOWHERE:
            lines[line_id] = clock
    return lines


def _moved(
    before: dict[str, LinePace],
    touched: Mapping[str, Any],
    items: Mapping[str, Any],
    in_kitchen: bool,
    appended_at: int,
) -> dict[str, LinePace]:
    """Give what `_lines` does where an order stayed in the kitchen, or out of it: only lines that an event touched."""
    lines = before
    for line_id in touched:
        was = before.get(line_id, _NOWHERE)
        clock = _clock(was, items[line_id], in_kitchen, appended_at) if line_id in items else _NOWHERE
        if clock is not was:
            if clock is _NOWHERE or was is _NOWHERE:  # another line has a clock now: clocks stand in the lines' order
                return _lines(before, items, in_kitchen, appended_at)
            lines = {**lines, line_id: clock}
    return lines


def _clock(before: LinePace, item: Any, in_kitchen: bool, appended_at: int) -> LinePace:
    """Give a line's clock after an event; the same object where it goes on, or has still to begin."""
    if type(item) is not dict:
        raise Unprojectable("a line is not an object")
    since, spent = before
    if in_kitchen and text_in(item, "state") in _WORK:
        return before if since is not None else (appended_at, spent)
    return before if since is None else (None, (spent or 0) + max(0, appended_at - since))
