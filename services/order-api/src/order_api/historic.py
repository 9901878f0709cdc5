"""An order of the past, as an import states it: begun and ended in one event, whatever its business date."""

from typing import Any

from pydantic import Field

from order_api.bodies import Moment, PlaceOrder
from order_contracts.events import timestamp
from order_contracts.order import ItemState, Payment, Payments, Status

_FINAL = "^(completed|cancelled|rejected)$"


class HistoricOrder(PlaceOrder):
    """A new order's fields, and how it ended."""

    placed_at: Moment
    status: str = Field(default=Status.COMPLETED, pattern=_FINAL, description="how it ended")
    ended_at: Moment | None = Field(default=None, description="when; as placed where it is not known")
    payment: Payment = Payment.PAID

    def document(self, order_id: str, venue_id: str, organization_id: str) -> dict[str, Any]:
        """Give the order document in its final state."""
        apart = {"items", "totals", "placed_at", "promised_at", "scheduled_for", "ended_at"}
        served = ItemState.SERVED if self.status == Status.COMPLETED else None
        items = self.lines()
        document = {
            "order_id": order_id,
            "venue_id": venue_id,
            "organization_id": organization_id,
            "status_since": timestamp(self.ended_at or self.placed_at),
            "placed_at": timestamp(self.placed_at),
            **self.model_dump(mode="json", exclude_none=True, exclude=apart),
            "items": {line: {**item, "state": served or item["state"]} for line, item in items.items()},
        }
        if self.promised_at is not None:
            document["promised_at"] = timestamp(self.promised_at)
        if self.totals is not None:
            document["totals"] = self.totals.document()
            if self.payment is Payment.PAID:
                paid = self.totals.total
                document["payments"] = Payments(currency=paid.currency, captured=paid.amount).model_dump()
        return document
