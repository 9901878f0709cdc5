"""How long an order stood in each status, and its lines in the kitchen, by the log's clock. Pure.

Durations are whole milliseconds between append times: the same from every replay, whatever a till's clock says. A stay
that goes on is not counted yet; one that is resumed (a recall) adds to what was spent before. An order that came in as
history has stood nowhere: its one event says how it ended, not when what happened.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from order_contracts.order import ItemState, Status
from projector.unprojectable import Unprojectable, object_in, text_in

_KITCHEN = frozenset({Status.ACCEPTED, Status.PREPARING, Status.READY})
_WORK = frozenset({ItemState.NEW, ItemState.PREPARING})

LinePace = tuple[int | None, int | None]
"""In the kitchen since (ms since 1970, none when it is not), and what was spent there in stays that ended."""


class Pace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order's clocks: when it came to its status, the time spent in those before, and each line's."""

    since: int
    spent: dict[str, int]
    lines: dict[str, LinePace]


def pace_after(
    before: Pace | None, held: Mapping[str, Any], document: Mapping[str, Any], status: str, appended_at: int
) -> Pace:
    """Give an order's clocks after an event, from the document that it found and the one that it left."""
    if before is None:
        return Pace(appended_at, {}, _lines({}, document, status, appended_at))
    moved = held["status"] != status
    if not moved and held.get("items") is document.get("items"):
        return before
    since, spent = before.since, before.spent
    if moved:
        spent = {**spent, held["status"]: spent.get(held["status"], 0) + max(0, appended_at - since)}
        since = appended_at
    return Pace(since, spent, _lines(before.lines, document, status, appended_at))


def _lines(
    before: Mapping[str, LinePace], document: Mapping[str, Any], status: str, appended_at: int
) -> dict[str, LinePace]:
    """Start the clocks of lines that the kitchen has to make now, stop those of all others."""
    lines: dict[str, LinePace] = {}
    in_kitchen = status in _KITCHEN
    for line_id, item in object_in(document, "items").items():
        if not isinstance(item, dict):
            raise Unprojectable("a line is not an object")
        since, spent = clock = before.get(line_id, (None, None))
        if in_kitchen and text_in(item, "state") in _WORK:
            lines[line_id] = clock if since is not None else (appended_at, spent)
        elif since is not None:
            lines[line_id] = None, (spent or 0) + max(0, appended_at - since)
        elif spent is not None:
            lines[line_id] = clock
    return lines
