"""An order's lines: which are in a state, what a move makes of them, and the status that follows from them.

Invariant: an order that the kitchen has is ready iff every live line is made, and cancelled once no line is live.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from order_api.decide.verdict import Document, Refusal
from order_contracts.events import timestamp
from order_contracts.order import ItemState, Status

LIVE = frozenset({ItemState.NEW, ItemState.HELD, ItemState.PREPARING, ItemState.READY, ItemState.SERVED})
FIRED = frozenset({ItemState.NEW, ItemState.PREPARING})  # on the kitchen's screens; held ones are not yet
UNMADE = FIRED | {ItemState.HELD}
MADE = frozenset({ItemState.READY, ItemState.SERVED})

_UNTOUCHED = frozenset({ItemState.NEW, ItemState.HELD})
_FOLLOWING = frozenset({Status.ACCEPTED, Status.PREPARING, Status.READY})


def lines_in(order: Document, states: Collection[ItemState]) -> list[str]:
    """Name the lines that are in one of some states."""
    return [line_id for line_id, item in order["items"].items() if item.get("state") in states]


def with_states(order: Document, lines: Iterable[str], state: ItemState) -> dict[str, Any]:
    """Give the change that puts lines into a state; empty where all are in it."""
    changed = {line: {"state": state} for line in lines if order["items"][line].get("state") != state}
    return {"items": changed} if changed else {}


def following(order: Document, change: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Give a change of items with the status that follows from it."""
    states = {line_id: item.get("state") for line_id, item in order["items"].items()}
    states |= {line_id: item["state"] for line_id, item in change.get("items", {}).items() if "state" in item}
    status = _status_after(order["status"], states.values())
    if status == order["status"]:
        return dict(change)
    return {**change, "status": status, "status_since": timestamp(now)}


def _status_after(status: str, states: Iterable[Any]) -> str:
    live = [state for state in states if state != ItemState.VOIDED]
    if not live:
        return Status.CANCELLED
    if status not in _FOLLOWING or (status == Status.ACCEPTED and all(state in _UNTOUCHED for state in live)):
        return status
    return Status.READY if all(state in MADE for state in live) else Status.PREPARING


def line_refusal(order: Document, line_id: str, states: Collection[ItemState], verb: str) -> Refusal | None:
    """Refuse a line that is not there, or that is in none of the states that a verb needs."""
    if line_id not in order["items"]:
        return Refusal("item_not_found", f"the order has no line {line_id}", field="line_id")
    state = order["items"][line_id].get("state")
    if state not in states:
        needed = " or ".join(sorted(states))
        detail = f"line {line_id} is {state}; to {verb}, it must be {needed}"
        return Refusal("transition_not_allowed", detail, field="line_id")
    return None
