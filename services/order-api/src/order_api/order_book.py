"""The orders that can be acted on: the accepted events of the log's last hours, in memory, folded when asked for.

Invariants: only accepted events are applied, in log order. Events are kept as the bytes that the log holds, so an
answer can be given again as it was. An order whose beginning lies before the window is known to be incomplete and is
not acted on.
"""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from order_contracts.events import decode_event
from order_contracts.fold import merge_patch
from order_contracts.wire import Envelope


@dataclass(frozen=True, slots=True)
class BookedEvent:
    """An accepted event and where it stands: `next` is the offset after it."""

    id: str
    version: int
    fingerprint: str
    partition: int
    next: int
    appended_at: int
    value: bytes


@dataclass(slots=True)
class _BookedOrder:
    venue_id: str
    events: list[BookedEvent] = field(default_factory=list)
    complete: bool = True


class OrderBook:
    """Orders by id. Times are milliseconds since 1970, as the log stamped them."""

    def __init__(self) -> None:
        self._orders: dict[str, _BookedOrder] = {}  # in order of their last event, oldest first
        self._organizations: dict[str, str] = {}

    def __len__(self) -> int:
        """Give how many orders are held."""
        return len(self._orders)

    def apply(self, accepted: Envelope, partition: int, offset: int) -> BookedEvent:
        """Take in an accepted event."""
        booked = BookedEvent(
            id=accepted.id,
            version=accepted.version,
            fingerprint=accepted.fingerprint,
            partition=partition,
            next=offset + 1,
            appended_at=accepted.appended_at,
            value=accepted.value,
        )
        order = self._orders.pop(accepted.order_id, None) or _BookedOrder(accepted.venue_id)
        order.complete = order.complete and accepted.version == len(order.events) + 1
        order.events.append(booked)
        self._orders[accepted.order_id] = order
        self._organizations[accepted.venue_id] = accepted.organization_id
        return booked

    def organization_of(self, venue_id: str) -> str | None:
        """Say whose venue this is, as far as the log's last hours tell."""
        return self._organizations.get(venue_id)

    def event(self, order_id: str, event_id: str) -> BookedEvent | None:
        """Find an accepted event of an order: what a repeated request is answered with."""
        order = self._orders.get(order_id)
        return None if order is None else next((event for event in order.events if event.id == event_id), None)

    def head(self, venue_id: str, order_id: str) -> BookedEvent | None:
        """Give an order's last accepted event; None for an order that is unknown here, or elsewhere, or incomplete."""
        order = self._orders.get(order_id)
        if order is None or order.venue_id != venue_id or not order.complete:
            return None
        return order.events[-1]

    def document(self, order_id: str, version: int) -> dict[str, Any]:
        """Fold an order as of a version, its `version` field included."""
        document: dict[str, Any] = {}
        for event in self._orders[order_id].events[:version]:
            document = merge_patch(document, decode_event(event.value).change)
        return document

    def forget_before(self, moment: int) -> None:
        """Drop orders whose last event is older than `moment`."""
        old = list(takewhile(lambda entry: entry[1].events[-1].appended_at < moment, self._orders.items()))
        for order_id, _ in old:
            del self._orders[order_id]
