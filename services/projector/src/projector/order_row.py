"""The row of `orders`: (event, row before) → row after. Pure; the document is the fold of the accepted changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from order_contracts.events import Event
from order_contracts.fold import merge_patch
from order_contracts.wire import Envelope
from projector.pace import Pace, pace_after
from projector.unprojectable import Unprojectable, text_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXTS = ("payment", "channel", "display_number")
_NOTHING: dict[str, Any] = {}


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One order as its accepted events leave it. The other columns are told from document and pace when it is written.

    Two rows of an order share what no event between them touched: what is the same object did not change.
    """

    order_id: str
    venue_id: str
    organization_id: str
    version: int
    head: str
    status: str
    document: dict[str, Any]
    pace: Pace


def at_ms(milliseconds: int) -> datetime:
    """Give an append time as a moment, exactly: a float would round."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def row_after(before: OrderRow | None, envelope: Envelope, event: Event) -> OrderRow:
    """Fold one accepted event. Raises Unprojectable when the result is no order."""
    if before and (before.venue_id != envelope.venue_id or before.organization_id != envelope.organization_id):
        raise Unprojectable("the order belongs to another venue or organization")
    held = before.document if before else _NOTHING
    change = event.change
    # a patch of nothing that removes nothing is the document, and a null in JSON is spelled in one way
    document = change if not held and b"null" not in envelope.value else merge_patch(held, change)
    status = text_in(document, "status") if before is None or "status" in change else before.status
    if status is None:
        raise Unprojectable("the document has no status")
    for name in _TEXTS:
        if name in change:
            text_in(document, name)
    return OrderRow(
        envelope.order_id,
        envelope.venue_id,
        envelope.organization_id,
        envelope.version,
        envelope.id,
        status,
        document,
        pace_after(before.pace if before else None, held, change, document, status, envelope.appended_at),
    )
