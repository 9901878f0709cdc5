"""The lines themselves: added, changed, held, fired, served, struck."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, assert_never

from order_api.bodies import currencies_of, dumped
from order_api.commands import AddItems, ChangeItem, FireItem, HoldItem, ServeItem, ToItems, VoidItem
from order_api.decide.lines import LIVE, UNMADE, following, line_refusal
from order_api.decide.money import currency_refusal
from order_api.decide.verdict import Decision, Document, Refusal, not_from, verb_of
from order_api.new_order import MAX_LINES, numbered
from order_contracts.fold import merge_patch
from order_contracts.order import OPEN_STATUSES, ItemState, Status, stations_of

_OPEN = frozenset({Status.SCHEDULED, *OPEN_STATUSES})
_BEFORE_READY = _OPEN - {Status.READY}
_SERVING = frozenset({Status.PREPARING, Status.READY})


def decide_items(order: Document, command: ToItems, now: datetime) -> Decision | Refusal:
    """Decide a command on an order's lines."""
    match command:
        case AddItems():
            return _add(order, command, now)
        case ChangeItem(changes=changes):
            prices = [modifier.get("unit_price") for modifier in changes.get("modifiers", ())]
            refusal = currency_refusal(order, (price["currency"] for price in prices if price), "modifiers")
            return refusal or _change(order, command, _BEFORE_READY, UNMADE, changes, "changed", now)
        case HoldItem():
            held = {"state": ItemState.HELD}
            return _change(order, command, _BEFORE_READY, {ItemState.NEW}, held, "held", now)
        case FireItem():
            fired = {"state": ItemState.NEW}
            return _change(order, command, _BEFORE_READY, {ItemState.HELD}, fired, "fired", now)
        case ServeItem():
            served = {"state": ItemState.SERVED}
            return _change(order, command, _SERVING, {ItemState.READY}, served, "served", now)
        case VoidItem(reason=reason):
            voided = {"state": ItemState.VOIDED, "void_reason": reason}
            return _change(order, command, _OPEN, LIVE, voided, "voided", now)
        case _:  # pragma: no cover  # mypy proves it
            assert_never(command)


def _add(order: Document, command: AddItems, now: datetime) -> Decision | Refusal:
    if order["status"] not in _OPEN:
        return not_from(order, command, _OPEN)
    held = order["items"]
    again = [item.line_id for item in command.items if item.line_id in held]
    if again:
        return Refusal("line_exists", f"the order has a line {again[0]} already: change it, or add another", "items")
    if len(held) + len(command.items) > MAX_LINES:
        detail = f"the order has {len(held)} lines and can have {MAX_LINES}: place another order for the rest"
        return Refusal("too_many_lines", detail, "items")
    refusal = currency_refusal(order, currencies_of(command.items), "items")
    if refusal is not None:
        return refusal
    items = numbered(dumped(command.items), taken=held)
    change = following(order, {"items": items}, now)
    return Decision("items_added", change, stations_of({"items": items}))


def _change(
    order: Document,
    command: ChangeItem | HoldItem | FireItem | ServeItem | VoidItem,
    from_: Collection[Status],
    states: Collection[ItemState],
    changes: dict[str, Any],
    name: str,
    now: datetime,
) -> Decision | Refusal:
    if order["status"] not in from_:
        return not_from(order, command, from_)
    line_id = command.line_id
    refusal = line_refusal(order, line_id, states, verb_of(command))
    if refusal is not None:
        return refusal
    reason = None if isinstance(command, ChangeItem) else command.reason
    change = following(order, {"items": {line_id: changes}}, now)
    return Decision(f"item_{name}", change, stations_of(merge_patch(order, change), [line_id]), reason)
