"""The port of POS adapters: whatever a POS says is read into an order as it stands there, whole, with its version.

An adapter is a pure function from a POS's payload to a `Stated` or an `Aside`. What follows is the same for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from order_contracts.order import Status


@dataclass(frozen=True, slots=True)
class Stated:
    """An order as a POS states it. `version` grows with every change there.

    `placement` is a PlaceOrder body as its model would dump it: live lines only, each with its line_id. `status` is how
    far the kitchen is, None where the POS does not say: paid is not cooked. `scheduled_for` is when an order for later
    is due, None for one that is wanted as soon as can be. Amounts are minor units.
    """

    source: str
    id: str
    version: int
    placement: Mapping[str, Any]
    status: Status | None = None
    scheduled_for: datetime | None = None
    reason: str | None = None
    captured: int = 0
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that a POS says and that is no change to an order here; the reason says why."""

    reason: str


class OrderSource(Protocol):
    """Where a POS that sends only summaries is asked for the whole order."""

    async def fetch_order(self, venue_id: str, order_id: str) -> Mapping[str, Any]:
        """Give the order as the POS has it now. Raises Problem 503 when it can't be had."""
        ...
