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

_MADE = frozenset({Status.READY, Status.COMPLETED})
_KITCHEN = frozenset({Status.ACCEPTED, Status.PREPARING, Status.READY})
_WORK = frozenset({ItemState.NEW, ItemState.PREPARING})
_NOWHERE = (None, None)

LinePace = tuple[int | None, int | None]
"""In the kitchen since (none when it is not), and what was spent there in stays that ended."""


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
    before: Pace | None, held: Mapping[str, Any], document: Mapping[str, Any], status: str, appended_at: int
) -> Pace:
    """Give an order's clocks after an event, from the document that it found and the one that it left."""
    placed, promised = document.get("placed_at"), document.get("promised_at")
    if before is None:
        stated = millis_in(document, "placed_at"), millis_in(document, "promised_at")
        lines = _lines({}, document, status, appended_at)
        return Pace(appended_at, appended_at, *stated, None, appended_at, {}, lines)
    ready, since, spent, lines = before.ready, before.since, before.spent, before.lines
    was = held["status"]
    if was != status:
        spent = {**spent, was: spent.get(was, 0) + max(0, appended_at - since)}
        since = appended_at
        ready = None if status not in _MADE else ready if was in _MADE else appended_at
    if was != status or held.get("items") is not document.get("items"):
        lines = _lines(lines, document, status, appended_at)
    return Pace(
        before.created,
        appended_at,
        before.placed if placed is held.get("placed_at") else millis_in(document, "placed_at"),
        before.promised if promised is held.get("promised_at") else millis_in(document, "promised_at"),
        ready,
        since,
        spent,
        lines,
    )


def _lines(
    before: dict[str, LinePace], document: Mapping[str, Any], status: str, appended_at: int
) -> dict[str, LinePace]:
    """Start the clocks of lines that the kitchen has to make now, stop those of all others."""
    lines: dict[str, LinePace] = {}
    in_kitchen = status in _KITCHEN
    for line_id, item in object_in(document, "items").items():
        if type(item) is not dict:
            raise Unprojectable("a line is not an object")
        since, spent = clock = before.get(line_id, _NOWHERE)
        if in_kitchen and text_in(item, "state") in _WORK:
            lines[line_id] = clock if since is not None else (appended_at, spent)
        elif since is not None:
            lines[line_id] = None, (spent or 0) + max(0, appended_at - since)
        elif spent is not None:
            lines[line_id] = clock
    return lines
