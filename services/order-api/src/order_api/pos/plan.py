"""What has to be asked of an order so that it becomes what its POS states. Pure: document and statement in, steps out.

Invariants: fulfilment only moves forward, since the kitchen's screens may be ahead of the POS; lines and payments
follow the POS; a document that is as stated gives no step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from order_api.decide.placement import FARTHEST_SCHEDULE
from order_api.pos.stated import Stated
from order_contracts.events import timestamp
from order_contracts.order import OPEN_STATUSES, ItemState, Status

PLACE, SYNC = "place", "sync"
_STRUCK = "taken off the order at the POS"
_SOON = timedelta(minutes=1)  # by when the rules look at their clock it must still lie ahead
_CHANGEABLE = ("quantity", "notes", "modifiers")
_ENDED = frozenset({Status.CANCELLED, Status.REJECTED, Status.FAILED})
_BEFORE = (Status.SCHEDULED, *OPEN_STATUSES)
_STEPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    Status.ACCEPTED: {Status.PLACED: ("accept_order",)},  # a POS takes an order for later when it comes
    Status.PREPARING: {
        Status.SCHEDULED: ("release_order", "accept_order", "start_order"),
        Status.PLACED: ("accept_order", "start_order"),
        Status.ACCEPTED: ("start_order",),
    },
    Status.READY: {
        Status.SCHEDULED: ("release_order", "accept_order", "ready_order"),
        Status.PLACED: ("accept_order", "ready_order"),
        Status.ACCEPTED: ("ready_order",),
        Status.PREPARING: ("ready_order",),
    },
    Status.COMPLETED: {
        Status.SCHEDULED: ("release_order", "accept_order", "complete_order"),
        Status.PLACED: ("accept_order", "complete_order"),
        Status.ACCEPTED: ("complete_order",),
        Status.PREPARING: ("ready_order", "complete_order"),
        Status.READY: ("complete_order",),
    },
    Status.CANCELLED: dict.fromkeys(_BEFORE, ("cancel_order",)),
    Status.FAILED: {
        **dict.fromkeys(_BEFORE, ("cancel_order",)),
        Status.PLACED: ("fail_order",),
        Status.ACCEPTED: ("fail_order",),
    },
}
_WITH_REASON = frozenset({"cancel_order", "fail_order"})


@dataclass(frozen=True, slots=True)
class Intent:
    """One step: a verb of the table (or place, sync), its body, and the line that it is about."""

    verb: str
    body: Mapping[str, Any]
    target: str = ""


def plan(order: Mapping[str, Any] | None, stated: Stated) -> list[Intent]:
    """Give the steps from an order, None where there is none yet, to what is stated."""
    if order is None and not stated.placement["items"]:
        return []
    if order is None:
        return [Intent(PLACE, stated.placement), *_steps(_as_placed(stated), stated)]
    if order.get("guest_erased_at"):  # the POS may go on to say what was forgotten here
        stated = replace(stated, placement=_without_guest(stated.placement))
    return list(_steps(order, stated))


def timed(stated: Stated, now: datetime) -> Stated:
    """Let a new order wait as scheduled where its time lies ahead; where it is past or years away it is placed."""
    moment = stated.scheduled_for
    if moment is None or not now + _SOON < moment <= now + FARTHEST_SCHEDULE:
        return stated
    return replace(stated, placement={**stated.placement, "scheduled_for": timestamp(moment)})


def _without_guest(placement: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in placement.items() if name not in {"guest", "notes", "allergens"}}
    items = [{name: value for name, value in line.items() if name != "notes"} for line in placement["items"]]
    return {**kept, "items": items}


def _as_placed(stated: Stated) -> dict[str, Any]:
    lines = {line["line_id"]: {"state": ItemState.NEW, **line} for line in stated.placement["items"]}
    status = Status.SCHEDULED if stated.placement.get("scheduled_for") else Status.PLACED
    return {**stated.placement, "status": status, "items": lines}


def _steps(order: Mapping[str, Any], stated: Stated) -> Iterator[Intent]:
    ends = stated.status in _ENDED
    if not ends and order["status"] in _BEFORE:
        yield from _lines(order["items"], stated)
        yield from _details(order, stated.placement)
    yield from _payments(order, stated)
    verbs = _STEPS.get(stated.status or "", {}).get(order["status"], ())
    for verb in verbs:
        yield Intent(verb, {"reason": stated.reason or "called off at the POS"} if verb in _WITH_REASON else {})


def _lines(held: Mapping[str, Any], stated: Stated) -> Iterator[Intent]:
    wanted = {line["line_id"]: line for line in stated.placement["items"]}
    added = [line for line_id, line in wanted.items() if line_id not in held]
    if added:  # first: an order whose last live line is struck is over
        yield Intent("add_items", {"items": added})
    for line_id, item in held.items():
        if item.get("state") == ItemState.VOIDED:
            continue
        if line_id not in wanted:
            yield Intent("void_item", {"reason": _STRUCK}, line_id)
        else:
            changes = _changes(item, wanted[line_id])
            if changes:
                yield Intent("change_item", changes, line_id)


def _changes(item: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Compare what can be changed of a line; what a document does not say is what a body leaves out."""
    nothing: dict[str, Any] = {"modifiers": []}
    pairs = {name: (item.get(name, nothing.get(name)), line.get(name, nothing.get(name))) for name in _CHANGEABLE}
    return {name: new for name, (old, new) in pairs.items() if old != new}


def _details(order: Mapping[str, Any], placement: Mapping[str, Any]) -> Iterator[Intent]:
    """Follow notes, allergens and table; what staff noted here stays where the POS says nothing."""
    said = {name: placement[name] for name in ("notes", "allergens") if placement.get(name)}
    changes = {name: new for name, new in said.items() if new != order.get(name)}
    if changes:
        yield Intent("change_notes", changes)
    table = placement.get("table")
    if table and table != order.get("table"):
        yield Intent("move_table", {"table": table})


def _payments(order: Mapping[str, Any], stated: Stated) -> Iterator[Intent]:
    totals = stated.placement.get("totals")
    if totals is None:
        return  # the rules know of no payment without a total
    held = {name: part for name, part in (order.get("totals") or {}).items() if name != "mismatch"}
    if held != totals:
        yield Intent("state_totals", {"totals": totals})
    paid = order.get("payments") or {}
    currency = totals["total"]["currency"]
    for verb, name, now in (
        ("capture_payment", "captured", stated.captured),
        ("refund_payment", "refunded", stated.refunded),
    ):
        more = now - paid.get(name, 0)
        if more > 0:
            yield Intent(verb, {"amount": {"amount": more, "currency": currency}})
