"""The rows of `refunds`: money given back, one row an event, when it was given back. Pure."""

from dataclasses import dataclass

from order_contracts.events import Event
from projector.order_row import OrderRow
from projector.sales import NO_CURRENCY
from projector.unprojectable import amount_in, object_in, text_in


@dataclass(frozen=True, slots=True)
class Refund:
    """One giving back, whatever became of the order. Fields are the columns of `refunds`, in order."""

    order_id: str
    version: int
    venue_id: str
    organization_id: str
    refunded_at: int  # ms since 1970, as appended
    currency: str
    amount: int
    actor: str
    reason: str | None


def refund_in(before: OrderRow | None, after: OrderRow, event: Event) -> Refund | None:
    """Give what an event gave back; negative when it corrected an earlier one, None when nothing."""
    if "payments" not in event.change:
        return None
    held = amount_in(object_in(before.document, "payments"), "refunded") if before else 0
    amount = amount_in(object_in(after.document, "payments"), "refunded") - held
    if amount == 0:
        return None
    return Refund(
        order_id=after.order_id,
        version=after.version,
        venue_id=after.venue_id,
        organization_id=after.organization_id,
        refunded_at=after.pace.updated,
        currency=text_in(object_in(after.document, "payments"), "currency") or NO_CURRENCY,
        amount=amount,
        actor=event.actor,
        reason=event.reason,
    )
