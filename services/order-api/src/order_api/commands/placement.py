"""Asking for a new order, for one of the past, or that a POS be known to have stated one."""

from dataclasses import dataclass

from msgspec import Struct

from order_api.historic import HistoricOrder
from order_api.new_order import NewOrder


class Place(Struct, frozen=True, gc=False):
    """Place a new order, now or for later."""

    order_id: str
    venue_id: str
    organization_id: str
    body: NewOrder


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Take in an order of the past, in its final state."""

    order_id: str
    venue_id: str
    organization_id: str
    body: HistoricOrder


@dataclass(frozen=True, slots=True)
class Sync:
    """Note that a POS stated the order anew, and that nothing is to be changed."""
