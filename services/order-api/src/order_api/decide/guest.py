"""What becomes of an order's guest: erased once, and not taken in again."""

from datetime import datetime

from order_api.commands import EraseGuest
from order_api.decide.verdict import Decision, Document, Refusal
from order_contracts.events import timestamp
from order_contracts.guest_texts import erasure_of, turned
from order_contracts.order import stations_of


def erase_guest(order: Document, command: EraseGuest, now: datetime) -> Decision | Refusal:
    """Take a guest's texts out of an order. Every station hears of it, since its tickets show them."""
    if order.get("guest_erased_at"):
        return Refusal("guest_erased", f"this order's guest was erased already, at {order['guest_erased_at']}")
    change = {**erasure_of(order), "guest_erased_at": timestamp(now)}
    return Decision("guest_erased", change, stations_of(order), command.reason)


def erased_refusal(order: Document, decision: Decision) -> Refusal | None:
    """Refuse to take in new texts of a guest who was erased."""
    if not order.get("guest_erased_at") or turned(decision.change, lambda _: None) is decision.change:
        return None
    return Refusal("guest_erased", "this order's guest was erased: say it without name, notes and allergens")
