"""The business rules: `decide(order, command, now)` gives an event or a refusal. Pure and total.

The event's change carries absolute values, so that readers only merge: the log holds what a rule concluded, not the
rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from order_api.commands import (
    Accept,
    Cancel,
    Command,
    Complete,
    ImportOrder,
    MakeReady,
    Place,
    Recall,
    Reject,
    Start,
    Sync,
)
from order_contracts.events import timestamp
from order_contracts.order import ItemState, Status, stations_of

OLDEST_PLACEMENT = timedelta(hours=48)
Document = Mapping[str, Any]

_OPEN = frozenset({Status.PLACED, Status.ACCEPTED, Status.PREPARING, Status.READY})
_IN_KITCHEN = frozenset({Status.ACCEPTED, Status.PREPARING})
_LIVE = frozenset({ItemState.NEW, ItemState.HELD, ItemState.PREPARING, ItemState.READY, ItemState.SERVED})
_TO_START = frozenset({ItemState.NEW, ItemState.HELD})
_TO_MAKE = frozenset({ItemState.NEW, ItemState.HELD, ItemState.PREPARING})
_MADE = frozenset({ItemState.READY, ItemState.SERVED})


@dataclass(frozen=True, slots=True)
class Decision:
    """What happened: the event's name, its change (a merge patch), the stations that it touches."""

    name: str
    change: dict[str, Any]
    stations: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command can't be done: a stable code, a sentence with the remedy, the field that is wrong if it is one."""

    code: str
    detail: str
    field: str | None = None


def decide(order: Document | None, command: Command, now: datetime) -> Decision | Refusal:
    """Decide what a command makes of an order, given as its folded document, None where there is none yet."""
    if isinstance(command, Place | ImportOrder):
        return _place(order, command, now) if isinstance(command, Place) else _import(order, command)
    if order is None:
        return Refusal("order_not_found", "there is no such order at this venue")
    match command:
        case Accept(promised_at):
            change = {} if promised_at is None else {"promised_at": promised_at}
            return _move(order, command, Status.ACCEPTED, from_={Status.PLACED}, now=now, change=change)
        case Reject(reason):
            return _move(order, command, Status.REJECTED, from_={Status.PLACED}, now=now, reason=reason)
        case Cancel(reason):
            return _move(order, command, Status.CANCELLED, from_=_OPEN, now=now, reason=reason)
        case Start(line_id, reason) | MakeReady(line_id, reason):
            return _items(order, command, line_id, reason, now)
        case Complete(reason):
            served = _set_states(order, _lines_in(order, _LIVE), ItemState.SERVED)
            from_ = {Status.READY, Status.ACCEPTED}  # accepted: a venue without a kitchen screen hands over at once
            return _move(order, command, Status.COMPLETED, from_=from_, now=now, change=served, reason=reason)
        case Recall(line_ids, reason):
            return _recall(order, command, line_ids, reason, now)
        case Sync():
            return Decision("synced", {}, ())
        case _:  # pragma: no cover  # mypy proves it
            assert_never(command)


def _place(order: Document | None, command: Place, now: datetime) -> Decision | Refusal:
    body = command.body
    if order is not None:
        return Refusal("order_exists", "this order was placed before, by another request")
    today = now.astimezone(UTC).date()
    if not (now - OLDEST_PLACEMENT).astimezone(UTC).date() <= body.business_date <= today + timedelta(days=1):
        return Refusal(
            "business_date_out_of_range",
            f"business_date is {body.business_date}; an order can be placed up to 48 hours after its business day "
            "began and one day ahead. Older ones go in by import",
            field="business_date",
        )
    moment = timestamp(now)
    head = {
        "order_id": command.order_id,
        "venue_id": command.venue_id,
        "organization_id": command.organization_id,
        "status": Status.PLACED,
        "status_since": moment,
        "payment": "unpaid",
        "placed_at": timestamp(body.placed_at or now),
    }
    rest = body.model_dump(mode="json", exclude_none=True, exclude={"items", "totals", "placed_at", "promised_at"})
    change = {**head, **rest, "items": body.lines()}
    if body.promised_at is not None:
        change["promised_at"] = timestamp(body.promised_at)
    if body.totals is not None:
        change["totals"] = body.totals.document()
    return Decision("placed", change, stations_of(change))


def _import(order: Document | None, command: ImportOrder) -> Decision | Refusal:
    if order is not None:
        return Refusal("order_exists", "this order is there already, by another request")
    change = command.body.document(command.order_id, command.venue_id, command.organization_id)
    return Decision("imported", change, stations_of(change))


def _move(
    order: Document,
    command: Command,
    to: Status,
    *,
    from_: Iterable[Status],
    now: datetime,
    change: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> Decision | Refusal:
    if order["status"] not in from_:
        return _not_from(order, command, from_)
    full = {**(change or {}), "status": to, "status_since": timestamp(now)}
    return Decision(to.value, full, stations_of(order), reason)


def _items(
    order: Document,
    command: Start | MakeReady,
    line_id: str | None,
    reason: str | None,
    now: datetime,
) -> Decision | Refusal:
    starts = isinstance(command, Start)
    from_, to = (_TO_START, ItemState.PREPARING) if starts else (_TO_MAKE, ItemState.READY)
    if order["status"] not in _IN_KITCHEN:
        return _not_from(order, command, _IN_KITCHEN)
    lines = _lines_in(order, from_)
    if line_id is not None:
        refusal = _line_refusal(order, line_id, lines, to)
        if refusal is not None:
            return refusal
        lines = [line_id]
    elif starts and order["status"] == Status.PREPARING:
        return _not_from(order, command, {Status.ACCEPTED})
    change = _set_states(order, lines, to)
    status = _status_by_items(order, change)
    if status != order["status"]:
        change |= {"status": status, "status_since": timestamp(now)}
    verb = "started" if starts else "ready"
    name = verb if line_id is None else f"item_{verb}"
    return Decision(name, change, stations_of(order, None if line_id is None else lines), reason)


def _line_refusal(order: Document, line_id: str, movable: list[str], to: ItemState) -> Refusal | None:
    if line_id not in order["items"]:
        return Refusal("item_not_found", f"the order has no line {line_id}", field="line_id")
    if line_id not in movable:
        state = order["items"][line_id].get("state")
        return Refusal("transition_not_allowed", f"line {line_id} is {state} and can't become {to}", field="line_id")
    return None


def _recall(
    order: Document, command: Recall, line_ids: tuple[str, ...] | None, reason: str | None, now: datetime
) -> Decision | Refusal:
    made = _lines_in(order, _MADE)
    for line_id in line_ids or ():
        refusal = _line_refusal(order, line_id, made, ItemState.PREPARING)
        if refusal is not None:
            return refusal
    change = _set_states(order, made if line_ids is None else line_ids, ItemState.PREPARING)
    from_ = {Status.READY, Status.COMPLETED}
    decision = _move(order, command, Status.PREPARING, from_=from_, now=now, change=change, reason=reason)
    if isinstance(decision, Refusal):
        return decision
    return Decision("recalled", decision.change, decision.stations, reason)


def _lines_in(order: Document, states: Iterable[ItemState]) -> list[str]:
    return [line_id for line_id, item in order["items"].items() if item.get("state") in states]


def _set_states(order: Document, lines: Iterable[str], state: ItemState) -> dict[str, Any]:
    changed = {line: {"state": state} for line in lines if order["items"][line].get("state") != state}
    return {"items": changed} if changed else {}


def _status_by_items(order: Document, change: Mapping[str, Any]) -> Status:
    """Let the order's status follow its items: all live ones made → ready, otherwise preparing."""
    changed = change.get("items", {})
    states = [changed.get(line_id, item).get("state") for line_id, item in order["items"].items()]
    live = [state for state in states if state != ItemState.VOIDED]
    return Status.READY if all(state in _MADE for state in live) else Status.PREPARING


def _not_from(order: Document, command: Command, from_: Iterable[Status]) -> Refusal:
    verb = {"MakeReady": "ready"}.get(type(command).__name__, type(command).__name__.lower())
    needed = " or ".join(sorted(status.value for status in from_))
    return Refusal(
        "transition_not_allowed", f"the order is {order['status']}; {verb} needs it to be {needed}", field="status"
    )
