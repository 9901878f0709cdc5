"""Orders as the rules make them, for given/when/then: given these commands, when that one, then this."""

from datetime import UTC, datetime
from typing import Any

from order_api.bodies import NewItem, NewTotals, PlaceOrder
from order_api.commands import Accept, Cancel, Command, Complete, Fail, MakeReady, Place, Reject, Start
from order_api.decide import Decision, Refusal, decide
from order_contracts.fold import merge_patch

NOW = datetime(2026, 11, 20, 18, 25, tzinfo=UTC)
PIZZA = {"line_id": "pizza", "name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, "currency": "EUR"}}
COLA = {"line_id": "cola", "name": "Cola", "quantity": "1", "unit_price": {"amount": 300, "currency": "EUR"}}
SOUP = {"name": "Soup", "quantity": "1", "unit_price": {"amount": 600, "currency": "EUR"}, "station": "stove"}
TOTALS = {"total": {"amount": 2200, "currency": "EUR"}}
BODY = {"business_date": "2026-11-20", "items": [{**PIZZA, "station": "oven"}, {**COLA, "station": "bar"}]}


def place(**changes: Any) -> Place:
    """Place pizza and cola, with a total of 22 euros, changed as told."""
    return Place("o1", "v1", "org", PlaceOrder.model_validate({**BODY, "totals": TOTALS, **changes}).order())


def soup(**changes: Any) -> NewItem:
    """Give a line more."""
    return NewItem.model_validate({**SOUP, **changes})


def totals(**amounts: int) -> NewTotals:
    """State totals in euros."""
    return NewTotals.model_validate({name: {"amount": amount, "currency": "EUR"} for name, amount in amounts.items()})


def decided(order: dict[str, Any] | None, command: Command) -> Decision:
    """Give what a command that is allowed makes of an order."""
    decision = decide(order, command, NOW)
    assert isinstance(decision, Decision), decision
    return decision


def refused(order: dict[str, Any] | None, command: Command) -> Refusal:
    """Give why a command is not allowed."""
    refusal = decide(order, command, NOW)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.detail
    return refusal


def after(order: dict[str, Any] | None, command: Command) -> dict[str, Any]:
    """Give the order that an allowed command leaves."""
    version = 1 if order is None else order["version"] + 1
    change = {**decided(order, command).change, "version": version, "updated_at": NOW.isoformat()}
    folded: dict[str, Any] = merge_patch(order, change)
    return folded


def fold(*commands: Command) -> dict[str, Any]:
    """Give the order that these commands, all allowed, leave."""
    order: dict[str, Any] | None = None
    for command in commands:
        order = after(order, command)
    assert order is not None
    return order


SCHEDULED = (place(scheduled_for="2026-11-21T18:00:00Z"),)
PLACED = (place(),)
ACCEPTED = (*PLACED, Accept())
PREPARING = (*ACCEPTED, Start())
READY = (*PREPARING, MakeReady())
COMPLETED = (*READY, Complete())
GIVEN: dict[str, tuple[Command, ...]] = {
    "scheduled": SCHEDULED,
    "placed": PLACED,
    "accepted": ACCEPTED,
    "preparing": PREPARING,
    "ready": READY,
    "completed": COMPLETED,
    "rejected": (*PLACED, Reject("closed")),
    "cancelled": (*PLACED, Cancel("guest left")),
    "failed": (*PLACED, Fail("the POS is away")),
}
