"""The row of `orders`: (event, row before) → row after. Pure; the document is the fold of the accepted changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from order_contracts.events import Event
from order_contracts.fold import merge_patch
from order_contracts.order import Status
from order_contracts.wire import Envelope
from projector.pace import Pace, pace_after
from projector.unprojectable import Unprojectable, moment_in, text_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MADE = frozenset({Status.READY, Status.COMPLETED})


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One order as its accepted events leave it. Fields are the columns of `orders`, in order.

    `ready_at` is when it was made, by the log's clock, None while it is not: a recall takes it back. `pace` are the
    clocks that preparation times are told from.
    """

    order_id: str
    venue_id: str
    organization_id: str
    version: int
    head: str
    status: str
    payment: str | None
    channel: str | None
    display_number: str | None
    placed_at: datetime | None
    promised_at: datetime | None
    ready_at: datetime | None
    created_at: datetime
    updated_at: datetime
    document: Any
    pace: Pace


def at_ms(milliseconds: int) -> datetime:
    """Give an append time as a moment, exactly: a float would round."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def row_after(before: OrderRow | None, envelope: Envelope, event: Event) -> OrderRow:
    """Fold one accepted event. Raises Unprojectable when the result is no order."""
    if before and (before.venue_id, before.organization_id) != (envelope.venue_id, envelope.organization_id):
        raise Unprojectable("the order belongs to another venue or organization")
    held = before.document if before else {}
    document = merge_patch(held, event.change)
    appended = at_ms(envelope.appended_at)
    status = text_in(document, "status")
    if status is None:
        raise Unprojectable("the document has no status")
    return OrderRow(
        order_id=envelope.order_id,
        venue_id=envelope.venue_id,
        organization_id=envelope.organization_id,
        version=envelope.version,
        head=envelope.id,
        status=status,
        payment=text_in(document, "payment"),
        channel=text_in(document, "channel"),
        display_number=text_in(document, "display_number"),
        placed_at=moment_in(document, "placed_at"),
        promised_at=moment_in(document, "promised_at"),
        ready_at=_ready_at(before, status, appended),
        created_at=before.created_at if before else appended,
        updated_at=appended,
        document=document,
        pace=pace_after(before.pace if before else None, held, document, status, envelope.appended_at),
    )


def _ready_at(before: OrderRow | None, status: str, appended: datetime) -> datetime | None:
    if before is None or status not in _MADE:  # what comes in made was made before the log knew of it
        return None
    return before.ready_at if before.status in _MADE else appended
