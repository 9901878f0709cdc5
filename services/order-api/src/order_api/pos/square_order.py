"""Square's order, as RetrieveOrder gives it, read into an order as stated. Pure.

Paid is not cooked: Square turns an order COMPLETED when it is paid. That moves the payment axis only; how far the
kitchen is, only the fulfillments say. An order without fulfillments is the kitchen's own to move.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ValidationError

from order_api.bodies import NewItem, NewTotals
from order_api.pos.square_payload import SquareFulfillment, SquareLine, SquareMoney, SquareOrder, SquareTender
from order_api.pos.stated import Aside, Stated
from order_api.problems import of_body
from order_contracts.events import timestamp
from order_contracts.ids import is_name
from order_contracts.order import Status

SOURCE = "square"
_STATUS = {
    "PROPOSED": Status.PLACED,
    "RESERVED": Status.ACCEPTED,
    "PREPARED": Status.READY,
    "COMPLETED": Status.COMPLETED,
    "CANCELED": Status.CANCELLED,
    "FAILED": Status.FAILED,
}
_PROGRESS = (Status.PLACED, Status.ACCEPTED, Status.READY, Status.COMPLETED)
_LONGEST = 500


def read_order(payload: Mapping[str, Any], zone: ZoneInfo) -> Stated | Aside:
    """Read an order; the venue's zone tells its business day. Raises Problem that names the field."""
    try:
        order = SquareOrder.model_validate(payload)
        if order.state == "DRAFT":
            return Aside("it is a draft")
        placement = _placement(order, zone)
    except ValidationError as error:
        raise of_body(error, whole="order") from error
    status, details = _status(order), _first(order).details()
    return Stated(
        source=SOURCE,
        id=order.id,
        version=order.version,
        placement=placement,
        status=status,
        scheduled_for=details.due() if details.schedule_type == "SCHEDULED" else None,
        reason="canceled at Square" if status is Status.CANCELLED else "failed at Square",
        captured=sum(tender.amount_money.amount for tender in order.tenders if tender.amount_money and _taken(tender)),
        refunded=sum(r.amount_money.amount for r in order.refunds if r.status in {"APPROVED", "COMPLETED"}),
    )


def business_date(created_at: AwareDatetime, zone: ZoneInfo) -> str:
    """Give the venue's day on which an order was made; it never changes, so it can be part of the order's name."""
    return created_at.astimezone(zone).date().isoformat()


def _status(order: SquareOrder) -> Status | None:
    """Say how far the kitchen is: as far as the fulfillment that is least far."""
    if order.state == "CANCELED":
        return Status.CANCELLED
    known = [_STATUS[one.state] for one in order.fulfillments if one.state in _STATUS]
    under_way = [status for status in known if status in _PROGRESS]
    if under_way:
        return min(under_way, key=_PROGRESS.index)
    return known[0] if known else None


def _first(order: SquareOrder) -> SquareFulfillment:
    return order.fulfillments[0] if order.fulfillments else SquareFulfillment()


def _taken(tender: SquareTender) -> bool:
    return tender.card_details is None or tender.card_details.status == "CAPTURED"


def _placement(order: SquareOrder, zone: ZoneInfo) -> dict[str, Any]:
    first = _first(order)
    details = first.details()
    due = details.due()
    guest = details.recipient.display_name if details.recipient else None
    total = order.total_money
    said = {
        "dining_option": first.type.lower() or None,
        "display_number": (order.ticket_name or "")[:32] or None,
        "promised_at": timestamp(due) if due else None,
        "guest": {"name": guest[:_LONGEST]} if guest else None,
        "notes": (details.note or "")[:_LONGEST] or None,
        "totals": _totals(order) if total is not None else None,
    }
    return {
        "business_date": business_date(order.created_at, zone),
        "channel": "pos",
        "external_ref": {"source": SOURCE, "id": order.id},
        "placed_at": timestamp(order.created_at),
        "items": [_line(line, total.currency if total else "USD") for line in order.line_items],
        **{name: value for name, value in said.items() if value is not None},
    }


def _line(line: SquareLine, currency: str) -> dict[str, Any]:
    name = f"{line.name}, {line.variation_name}" if line.variation_name else line.name
    item = NewItem.model_validate(
        {
            "line_id": line.uid if is_name(line.uid) else sha256(line.uid.encode()).hexdigest()[:32],
            "name": name[:_LONGEST],
            "sku": line.catalog_object_id,
            "quantity": line.quantity,
            "unit_price": _money(line.base_price_money) or {"amount": 0, "currency": currency},
            "modifiers": [
                {"name": m.name[:_LONGEST], "quantity": m.quantity, "unit_price": _money(m.base_price_money)}
                for m in line.modifiers
            ],
            "notes": (line.note or "")[:_LONGEST] or None,
        }
    )
    return item.model_dump(mode="json", exclude_none=True)


def _totals(order: SquareOrder) -> dict[str, Any]:
    parts = {
        "total": order.total_money,
        "tax": order.total_tax_money,
        "discount": order.total_discount_money,
        "tip": order.total_tip_money,
        "service": order.total_service_charge_money,
    }
    totals = NewTotals.model_validate({name: _money(money) for name, money in parts.items()})
    return totals.model_dump(mode="json", exclude_none=True)


def _money(money: SquareMoney | None) -> dict[str, Any] | None:
    return None if money is None else money.model_dump()
