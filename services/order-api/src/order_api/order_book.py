"""The orders that can be acted on: the accepted events of the log's last hours, in memory, folded when asked for.

Invariants: only accepted events are applied, in log order. Events are kept as the bytes that the log holds, so an
answer can be given again as it was. From a partition's floor on, nothing that was accepted is missing: an order that
is not here has no event at or above it. Older orders are borrowed from the rows, so many and no more.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from sys import intern
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from order_api.booked import BookedEvent, BookedOrder, offset_of, pack
from order_contracts.channels import partition_of
from order_contracts.events import change_of, change_text
from order_contracts.fold import apply_patch, merge_patch
from order_contracts.guest_texts import erased_document, says_erased
from order_contracts.wire import Envelope

_MOST_BORROWED = 10_000
StoredEvent = tuple[str, int, bytes, str | None, str | None]
"""Order, version, the event as `booked.pack` writes it; and of version 1 at least, the venue and its organization."""


class Standing(Struct, frozen=True):
    """An order as its last accepted event left it, and the events that it was folded of."""

    head: BookedEvent
    document: dict[str, Any]
    events: tuple[bytes, ...]


class OrderBook:
    """Orders by id. Times are milliseconds since 1970, as the log stamped them."""

    def __init__(self, floors: Mapping[int, int] | None = None, *, most_borrowed: int = _MOST_BORROWED) -> None:
        self._orders: dict[str, BookedOrder] = {}  # in order of their last event, oldest first
        self._borrowed: dict[str, BookedOrder] = {}  # in order of their last use
        self._organizations: dict[str, str] = {}
        self._floors = dict(floors or {})
        self._most_borrowed = most_borrowed

    def __len__(self) -> int:
        """Give how many orders are held."""
        return len(self._orders) + len(self._borrowed)

    def apply(self, accepted: Envelope, partition: int, offset: int) -> None:
        """Take in an accepted event."""
        order_id, packed = accepted.order_id, pack(accepted, offset)
        order = self._orders.pop(order_id, None) or self._borrowed.pop(order_id, None)
        if order is None:
            order = BookedOrder(intern(accepted.venue_id), partition, accepted.version, (packed,))
            self._organizations[accepted.venue_id] = accepted.organization_id
        else:
            order.add(packed, accepted.version, accepted.parent)
        self._orders[order_id] = order

    def fill(self, stored: Iterable[StoredEvent], partitions: int) -> None:
        """Take in events from the rows, before the tail begins; `settle` must follow the last of them."""
        for order_id, version, packed, venue_id, organization_id in stored:
            order = self._orders.get(order_id)
            if order is None:
                order = self._orders[order_id] = BookedOrder("", 0, version, (packed,))
            elif version == order.first + len(order.events):
                order.events = (*order.events, packed)
            else:
                order.complete_with({version: packed})
            if venue_id is not None and organization_id is not None:
                order.venue_id, order.partition = intern(venue_id), partition_of(venue_id, partitions)
                self._organizations[venue_id] = organization_id

    def settle(self) -> None:
        """Put the orders in order of their last event."""
        self._orders = dict(sorted(self._orders.items(), key=lambda entry: entry[1].last[1]))

    def begun_earlier(self) -> list[str]:
        """Name the orders whose beginning is not known."""
        return [order_id for order_id, order in self._orders.items() if not order.whole]

    def heads(self) -> Iterator[tuple[int, str, str, int, int]]:
        """Give each order's partition, name, and last accepted event (id, version, time), oldest first."""
        for order_id, order in self._orders.items():
            event_id, appended_at = order.last
            yield order.partition, order_id, event_id, order.version, appended_at

    def knows_all(self, partition: int) -> bool:
        """Whether an order that is not here is nowhere."""
        return self._floors.get(partition, 0) == 0

    def restore(
        self, order_id: str, venue_id: str, partition: int, stored: Mapping[int, bytes], *, rows_at: int, read_to: int
    ) -> bool:
        """Borrow an order that began before the window; `stored` is what the rows have of it by version.

        `rows_at` is where the rows stand in its partition, `read_to` where the tail does: what is at or above that
        comes through the tail. False: the rows are not as far as what was forgotten here; ask again later.
        """
        if rows_at < self._floors.get(partition, 0):
            return False
        read = {version: packed for version, packed in stored.items() if offset_of(packed) < read_to}
        order = self._orders.get(order_id)
        if order is not None:
            order.complete_with(read)
            return order.whole
        if read:
            fresh = BookedOrder(venue_id, partition, min(read), (read[min(read)],))
            fresh.complete_with(read)
            self._borrow(order_id, fresh)
            return fresh.whole
        return True

    def _borrow(self, order_id: str, order: BookedOrder) -> None:
        self._borrowed.pop(order_id, None)
        while len(self._borrowed) >= self._most_borrowed:
            del self._borrowed[next(iter(self._borrowed))]
        self._borrowed[order_id] = order

    def _whole(self, order_id: str) -> BookedOrder | None:
        order = self._orders.get(order_id)
        if order is None:
            order = self._borrowed.pop(order_id, None)
            if order is not None:
                self._borrowed[order_id] = order
        return order if order is not None and order.whole else None

    def organization_of(self, venue_id: str) -> str | None:
        """Say whose venue this is, as far as the log's last hours tell."""
        return self._organizations.get(venue_id)

    def event(self, order_id: str, event_id: str) -> BookedEvent | None:
        """Find an accepted event of an order: what a repeated request is answered with."""
        order = self._whole(order_id)
        return None if order is None else order.find(event_id)

    def head(self, venue_id: str, order_id: str) -> BookedEvent | None:
        """Give an order's last accepted event; None for an order that is unknown here, or elsewhere, or incomplete."""
        order = self._whole(order_id)
        return None if order is None or order.venue_id != venue_id else order.event(order.version)

    def standing(self, venue_id: str, order_id: str) -> Standing | None:
        """Give an order as it stands; None where `head` gives None."""
        order = self._whole(order_id)
        if order is None or order.venue_id != venue_id:
            return None
        return Standing(order.event(order.version), _folded(order, order.version), order.events)

    def document(self, order_id: str, version: int) -> dict[str, Any]:
        """Fold an order as of a version, its `version` field included."""
        return _folded(self._known(order_id), version)

    def text(self, order_id: str, event: BookedEvent, before: Standing | None = None) -> bytes:
        """Give an order as one of its events left it, as JSON; what the guest said reads as erased once it was.

        An order's first event holds it word for word. `before` spares a fold where the event came right after it.
        """
        order = self._known(order_id)
        text = _text(order, event, before)
        erased = any(map(says_erased, order.events[event.version :]))
        return erased_document(text) if erased else text

    def _known(self, order_id: str) -> BookedOrder:
        order = self._whole(order_id)
        if order is None:
            raise KeyError(order_id)
        return order

    def forget_before(self, moment: int) -> None:
        """Drop orders whose last event is older than `moment`."""
        old = list(takewhile(lambda entry: entry[1].last[1] < moment, self._orders.items()))
        for order_id, order in old:
            del self._orders[order_id]
            after = offset_of(order.events[-1]) + 1
            self._floors[order.partition] = max(self._floors.get(order.partition, 0), after)


def _text(order: BookedOrder, event: BookedEvent, before: Standing | None) -> bytes:
    if event.version == 1:
        whole = change_text(event.value)
        if b"null" not in whole:  # which would remove something; in a name or a note it only costs the fold
            return whole
    if before is not None and before.events == order.events[: event.version - 1]:
        return encode(merge_patch(before.document, change_of(event.value)))
    return encode(_folded(order, event.version))


def _folded(order: BookedOrder, version: int) -> dict[str, Any]:
    values = order.values(version)
    first = next(values)
    document = change_of(first)
    if b"null" in first:
        document = merge_patch({}, document)
    for value in values:
        apply_patch(document, change_of(value))
    return document
