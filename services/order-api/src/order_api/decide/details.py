"""What an open order says besides its lines: table, notes, priority, promised time."""

from typing import assert_never

from order_api.commands import ChangeNotes, Delay, MoveTable, SetPriority, ToDetails
from order_api.decide.verdict import Decision, Document, Refusal, not_from
from order_contracts.order import OPEN_STATUSES, Status, stations_of

_OPEN = frozenset({Status.SCHEDULED, *OPEN_STATUSES})


def decide_details(order: Document, command: ToDetails) -> Decision | Refusal:
    """Decide a command on an order's details. Every station hears of it."""
    if order["status"] not in _OPEN:
        return not_from(order, command, _OPEN)
    stations = stations_of(order)
    match command:
        case MoveTable(label, area):
            # null removes the area of the table before, which a merge patch would keep
            return Decision("table_moved", {"table": {"label": label, "area": area}}, stations)
        case ChangeNotes(changes):
            return Decision("note_changed", dict(changes), stations)
        case SetPriority(priority):
            return Decision("priority_set", {"priority": priority}, stations)
        case Delay(promised_at, reason):
            return Decision("delayed", {"promised_at": promised_at}, stations, reason)
        case _:  # pragma: no cover  # mypy proves it
            assert_never(command)
