"""Which axis a command belongs to."""

from datetime import datetime

from order_api.commands import Change, Command, EraseGuest, ImportOrder, Place, Sync, ToDetails, ToFulfil, ToItems
from order_api.decide.details import decide_details
from order_api.decide.fulfilment import decide_fulfilment
from order_api.decide.guest import erase_guest, erased_refusal
from order_api.decide.items import decide_items
from order_api.decide.payment import decide_payment
from order_api.decide.placement import place, take_in
from order_api.decide.verdict import Decision, Document, Refusal


def decide(order: Document | None, command: Command, now: datetime) -> Decision | Refusal:
    """Decide what a command makes of an order, given as its folded document, None where there is none yet."""
    if isinstance(command, Place):
        return place(order, command, now)
    if isinstance(command, ImportOrder):
        return take_in(order, command)
    if order is None:
        return Refusal("order_not_found", "there is no such order at this venue")
    verdict = _of_standing(order, command, now)
    if isinstance(verdict, Refusal):
        return verdict
    refusal = erased_refusal(order, verdict)
    if refusal is not None:
        return refusal
    # Every change says the status, moved or not: a screen that does not hold the order knows from it alone whether
    # the order is its business.
    return Decision(verdict.name, {"status": order["status"], **verdict.change}, verdict.stations, verdict.reason)


def _of_standing(order: Document, command: Sync | EraseGuest | Change, now: datetime) -> Decision | Refusal:
    if isinstance(command, Sync):
        return Decision("synced", {}, ())
    if isinstance(command, EraseGuest):
        return erase_guest(order, command, now)
    return _on_axis(order, command, now)


def _on_axis(order: Document, command: Change, now: datetime) -> Decision | Refusal:
    if isinstance(command, ToFulfil):
        return decide_fulfilment(order, command, now)
    if isinstance(command, ToItems):
        return decide_items(order, command, now)
    if isinstance(command, ToDetails):
        return decide_details(order, command)
    return decide_payment(order, command)
