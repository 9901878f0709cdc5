"""How an order begins: placed, scheduled for later, or taken in from the past."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from order_api.commands import ImportOrder, Place
from order_api.decide.verdict import Decision, Document, Refusal
from order_api.new_order import NewOrder
from order_contracts.events import timestamp
from order_contracts.order import Payment, Status, stations_of

OLDEST_PLACEMENT = timedelta(days=2)
FARTHEST_SCHEDULE = timedelta(days=366)
_PLACED, _SCHEDULED, _UNPAID = Status.PLACED.value, Status.SCHEDULED.value, Payment.UNPAID.value


def place(order: Document | None, command: Place, now: datetime) -> Decision | Refusal:
    """Begin an order that is not there yet."""
    body = command.body
    if order is not None:
        return Refusal("order_exists", "this order was placed before, by another request")
    refusal = _date_refusal(body, now) or _schedule_refusal(body, now)
    if refusal is not None:
        return refusal
    status = _SCHEDULED if body.scheduled_for else _PLACED
    time = timestamp(now)
    change = {
        "order_id": command.order_id,
        "venue_id": command.venue_id,
        "organization_id": command.organization_id,
        "status": status,
        "status_since": time,
        "payment": _UNPAID,
        "placed_at": time,
        **body.document(),
    }
    return Decision(status, change, stations_of(change))


def take_in(order: Document | None, command: ImportOrder) -> Decision | Refusal:
    """Begin and end an order of the past in one event; its date may lie as far back as it likes."""
    if order is not None:
        return Refusal("order_exists", "this order is there already, by another request")
    change = command.body.document(command.order_id, command.venue_id, command.organization_id)
    return Decision("imported", change, stations_of(change))


def _date_refusal(body: NewOrder, now: datetime) -> Refusal | None:
    oldest, newest = _days(now.astimezone(UTC).date())
    if oldest <= body.business_date <= newest:
        return None
    return Refusal(
        "business_date_out_of_range",
        f"business_date is {body.business_date}; an order can be placed up to 48 hours after its business day "
        "began and one day ahead. Older ones go in by import; one for later has today's date and a scheduled_for",
        field="business_date",
    )


@lru_cache(4)
def _days(today: date) -> tuple[date, date]:
    return today - OLDEST_PLACEMENT, today + timedelta(days=1)


def _schedule_refusal(body: NewOrder, now: datetime) -> Refusal | None:
    if not body.scheduled_for or now < body.scheduled_for <= now + FARTHEST_SCHEDULE:
        return None
    return Refusal(
        "scheduled_for_out_of_range",
        f"scheduled_for is {timestamp(body.scheduled_for)}; it must lie ahead, by a year at most. "
        "An order for now has none",
        field="scheduled_for",
    )
