"""The row of `orders`: (event, row before) → row after. Pure; the document is the fold of the accepted changes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from order_contracts.events import Event
from order_contracts.fold import merge_patch
from order_contracts.wire import Envelope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unprojectable(ValueError):
    """An accepted event that no row can be made of; the text says why."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as its accepted events leave it. Fields are the columns of `orders`, in order."""

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
    created_at: datetime
    updated_at: datetime
    document: Any


def at_ms(milliseconds: int) -> datetime:
    """Give an append time as a moment, exactly: a float would round."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def row_after(before: OrderRow | None, envelope: Envelope, event: Event) -> OrderRow:
    """Fold one accepted event. Raises Unprojectable when the result is no order."""
    if before and (before.venue_id, before.organization_id) != (envelope.venue_id, envelope.organization_id):
        raise Unprojectable("the order belongs to another venue or organization")
    document = merge_patch(before.document if before else {}, event.change)
    appended = at_ms(envelope.appended_at)
    status = _text(document, "status")
    if status is None:
        raise Unprojectable("the document has no status")
    return OrderRow(
        order_id=envelope.order_id,
        venue_id=envelope.venue_id,
        organization_id=envelope.organization_id,
        version=envelope.version,
        head=envelope.id,
        status=status,
        payment=_text(document, "payment"),
        channel=_text(document, "channel"),
        display_number=_text(document, "display_number"),
        placed_at=_moment(document, "placed_at"),
        created_at=before.created_at if before else appended,
        updated_at=appended,
        document=document,
    )


def _text(document: Any, field: str) -> str | None:
    value = document.get(field)
    if value is not None and not isinstance(value, str):
        raise Unprojectable(f"{field} is not a text")
    return value


def _moment(document: Any, field: str) -> datetime | None:
    text = _text(document, field)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unprojectable(f"{field} is not a time: {error}") from error
    if moment.tzinfo is None:
        raise Unprojectable(f"{field} has no time zone")
    return moment
