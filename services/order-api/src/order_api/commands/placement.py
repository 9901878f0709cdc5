"""Asking for a new order."""

from dataclasses import dataclass

from order_api.bodies import PlaceOrder


@dataclass(frozen=True, slots=True)
class Place:
    """Place a new order, now or for later."""

    order_id: str
    venue_id: str
    organization_id: str
    body: PlaceOrder
