"""The order document: what a fold of accepted events gives, and what every reader shows.

Enums are open: a reader keeps a value that it does not know, so the document's own fields are plain
strings here and the known values stand beside them. Money is integer minor units, never a float.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from order_contracts.ids import NAME_PATTERN

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]  # Postgres holds no NUL
QUANTITY_PATTERN = r"^([1-9][0-9]{0,6}(\.[0-9]{1,5})?|0\.[0-9]{0,4}[1-9][0-9]{0,4})$"
IMAGE_URL_PATTERN = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]+$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"
Quantity = Annotated[str, Field(pattern=QUANTITY_PATTERN, description="positive decimal, as text: 2 or 0.25")]
ImageUrl = Annotated[
    str,
    Field(
        max_length=500,
        pattern=IMAGE_URL_PATTERN,
        description="a picture of it, over https; screens show those of their own host only",
    ),
]


class Status(StrEnum):
    """Fulfilment of an order. Known values; readers keep others."""

    SCHEDULED = "scheduled"
    PLACED = "placed"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    READY = "ready"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN_STATUSES = (Status.PLACED, Status.ACCEPTED, Status.PREPARING, Status.READY)


class Payment(StrEnum):
    """Payment of an order, apart from its fulfilment: paid is not cooked."""

    UNPAID = "unpaid"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class ItemState(StrEnum):
    """Kitchen state of one line."""

    NEW = "new"
    HELD = "held"
    PREPARING = "preparing"
    READY = "ready"
    SERVED = "served"
    VOIDED = "voided"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Money(_Part):
    """An amount of money in minor units (cents) of an ISO 4217 currency."""

    amount: int = Field(strict=True, ge=-(2**53) + 1, le=2**53 - 1, description="minor units, such as cents")
    currency: str = Field(pattern=CURRENCY_PATTERN, description="ISO 4217 code")


class ExternalRef(_Part):
    """The order's name in the system that it came from."""

    source: Name
    id: Text
    version: int | None = Field(
        default=None, strict=True, ge=-(2**53) + 1, le=2**53 - 1, description="that system's own version of the order"
    )


class Table(_Part):
    """Where the guests sit."""

    label: Text
    area: Text | None = None


class Guest(_Part):
    """Who ordered, as far as the kitchen calls it out."""

    name: Text | None = None


class Modifier(_Part):
    """A change to an item: added, removed or substituted."""

    name: Text
    action: str = Field(default="add", max_length=32, description="add, remove or substitute; open")
    quantity: Quantity = "1"
    unit_price: Money | None = None


class ItemTerms(_Part):
    """What was ordered on one line, as whoever ordered it states it."""

    name: Text
    sku: Text | None = None
    quantity: Quantity
    unit_price: Money
    modifiers: Sequence[Modifier] = Field(default_factory=list, max_length=50)
    station: Name | None = None
    course: int | None = Field(default=None, ge=0, le=99)
    seat: int | None = Field(default=None, ge=0, le=999)
    notes: Text | None = None
    image_url: ImageUrl | None = None


class Item(ItemTerms):
    """One line of an order, keyed by its line_id so that a merge patch can touch it alone."""

    state: str = Field(default=ItemState.NEW, max_length=32, description="open enum, see ItemState")
    void_reason: Text | None = Field(default=None, description="why the line was voided")
    refunded: bool = Field(default=False, description="a refund named this line")


class StatedTotals(_Part):
    """Totals as the POS stated them; nobody computes them again."""

    subtotal: Money | None = None
    discount: Money | None = None
    tax: Money | None = None
    service: Money | None = None
    tip: Money | None = None
    total: Money


class Totals(StatedTotals):
    """Totals as stated; `mismatch`: total is not subtotal - discount + tax + service + tip."""

    mismatch: bool = False


class Payments(_Part):
    """What was paid so far, in minor units of the order's currency."""

    currency: str = Field(pattern=CURRENCY_PATTERN, description="ISO 4217 code")
    authorized: int = Field(default=0, ge=0, description="held on a means of payment, not captured yet")
    captured: int = Field(default=0, ge=0, description="taken so far, refunds not counted off")
    refunded: int = Field(default=0, ge=0, description="given back so far, at most what was captured")


class Order(_Part):
    """An order as its accepted events leave it."""

    order_id: str
    venue_id: Name
    organization_id: Name
    version: int = Field(ge=1, description="the version of the last accepted event")
    status: str = Field(description="open enum, see Status")
    status_since: AwareDatetime
    payment: str = Field(default=Payment.UNPAID, description="open enum, see Payment")
    channel: str = Field(max_length=32, description="qr, pos, staff, kiosk, web, aggregator, phone; open")
    dining_option: str | None = Field(default=None, max_length=32)
    table: Table | None = None
    display_number: str | None = Field(default=None, max_length=32)
    external_ref: ExternalRef | None = None
    business_date: date
    placed_at: AwareDatetime = Field(description="a scheduled order is placed anew when it is released")
    updated_at: AwareDatetime
    scheduled_for: AwareDatetime | None = Field(default=None, description="when a scheduled order is due")
    promised_at: AwareDatetime | None = None
    priority: int = Field(default=0, ge=0, le=9, description="0 is as usual; higher is sooner")
    guest: Guest | None = None
    notes: Text | None = None
    allergens: list[Text] = Field(default_factory=list, max_length=50)
    items: dict[Name, Item]
    totals: Totals | None = None
    payments: Payments | None = Field(default=None, description="none before the first payment")
    guest_erased_at: AwareDatetime | None = Field(default=None, description="since when the guest is forgotten")


def stations_of(document: Mapping[str, Any], line_ids: Iterable[str] | None = None) -> tuple[str, ...]:
    """Name the stations that an order's items go to, sorted; those of the given lines only, where given."""
    items: Mapping[str, Any] = document.get("items") or {}
    wanted = items if line_ids is None else line_ids
    found = {items[line].get("station") for line in wanted if line in items}
    return tuple(sorted(filter(None, found)))
