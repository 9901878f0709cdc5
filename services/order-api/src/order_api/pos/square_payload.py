"""Square's order as RetrieveOrder gives it, as far as it is used here; it has more."""

from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, Field


class SquareMoney(BaseModel):
    """An amount."""

    amount: int = 0
    currency: str


class SquareModifier(BaseModel):
    """A change to a line."""

    name: str = "modifier"
    quantity: str = "1"
    base_price_money: SquareMoney | None = None


class SquareLine(BaseModel):
    """A line item."""

    uid: str
    name: str = "custom amount"
    variation_name: str | None = None
    quantity: str
    catalog_object_id: str | None = None
    note: str | None = None
    base_price_money: SquareMoney | None = None
    modifiers: Sequence[SquareModifier] = ()


class SquareRecipient(BaseModel):
    """Who gets it."""

    display_name: str | None = None


class SquareDetails(BaseModel):
    """How it is handed over."""

    recipient: SquareRecipient | None = None
    schedule_type: str = "SCHEDULED"  # what Square means where it does not say
    pickup_at: AwareDatetime | None = None
    deliver_at: AwareDatetime | None = None
    note: str | None = None

    def due(self) -> AwareDatetime | None:
        """Say when it is handed over."""
        return self.pickup_at or self.deliver_at


class SquareFulfillment(BaseModel):
    """How far it is."""

    type: str = ""
    state: str = "PROPOSED"
    pickup_details: SquareDetails | None = None
    delivery_details: SquareDetails | None = None

    def details(self) -> SquareDetails:
        """Give the details of whichever kind it is."""
        return self.pickup_details or self.delivery_details or SquareDetails()


class SquareCard(BaseModel):
    """Whether a card was charged."""

    status: str = "CAPTURED"


class SquareTender(BaseModel):
    """A payment."""

    amount_money: SquareMoney | None = None
    card_details: SquareCard | None = None


class SquareRefund(BaseModel):
    """An amount given back."""

    amount_money: SquareMoney
    status: str = "PENDING"


class SquareOrder(BaseModel):
    """The order."""

    id: str = Field(min_length=1)
    version: int = Field(default=1, ge=0)
    state: str = "OPEN"
    created_at: AwareDatetime
    ticket_name: str | None = None
    line_items: Sequence[SquareLine] = ()
    fulfillments: Sequence[SquareFulfillment] = ()
    tenders: Sequence[SquareTender] = ()
    refunds: Sequence[SquareRefund] = ()
    total_money: SquareMoney | None = None
    total_tax_money: SquareMoney | None = None
    total_discount_money: SquareMoney | None = None
    total_tip_money: SquareMoney | None = None
    total_service_charge_money: SquareMoney | None = None
