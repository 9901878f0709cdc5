"""Request bodies. Private to order-api: no reader of the log knows them.

Unknown fields are refused here, by name: a misspelt `allergens` must not vanish.
"""

from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from order_contracts.order import ExternalRef, Guest, Item, Modifier, Money, Name, StatedTotals, Table, Text

MAX_LINES = 200


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewMoney(_Body, Money):
    """An amount in minor units and its currency."""


class NewModifier(_Body, Modifier):
    """A change to an item."""

    unit_price: NewMoney | None = None


class NewItem(_Body, Item):
    """One line of a new order. Lines without a line_id are numbered from 1."""

    line_id: Name | None = None
    unit_price: NewMoney
    modifiers: Sequence[NewModifier] = Field(default_factory=list, max_length=50)
    state: str = Field(default="new", pattern="^(new|held)$")


class NewTotals(_Body, StatedTotals):
    """Totals as the POS states them; whether they add up is found out, not stated."""

    subtotal: NewMoney | None = None
    discount: NewMoney | None = None
    tax: NewMoney | None = None
    service: NewMoney | None = None
    tip: NewMoney | None = None
    total: NewMoney

    def document(self) -> dict[str, Any]:
        """Give them as the document keeps them, with the verdict on whether they add up."""
        return {**self.model_dump(mode="json", exclude_none=True), "mismatch": self._mismatch()}

    def _mismatch(self) -> bool:
        """Whether the parts give another total than the stated one; without a subtotal nothing can be said."""
        if self.subtotal is None:
            return False
        added = sum(money.amount for money in (self.subtotal, self.tax, self.service, self.tip) if money)
        return added - (self.discount.amount if self.discount else 0) != self.total.amount


class NewTable(_Body, Table):
    """Where the guests sit."""


class NewGuest(_Body, Guest):
    """Who ordered."""


class NewRef(_Body, ExternalRef):
    """The order's name in the system that it comes from."""


class PlaceOrder(_Body):
    """A new order."""

    business_date: date = Field(description="the venue's business day; part of the order's identity")
    channel: str = Field(default="pos", pattern="^[a-z][a-z0-9_]{0,31}$", examples=["qr", "pos", "staff"])
    dining_option: str | None = Field(default=None, pattern="^[a-z][a-z0-9_]{0,31}$", examples=["dine_in"])
    table: NewTable | None = None
    display_number: str | None = Field(default=None, min_length=1, max_length=32, examples=["A-42"])
    external_ref: NewRef | None = None
    placed_at: AwareDatetime | None = None
    promised_at: AwareDatetime | None = None
    guest: NewGuest | None = None
    notes: Text | None = None
    allergens: list[Text] = Field(default_factory=list, max_length=50)
    items: Annotated[list[NewItem], Field(min_length=1, max_length=MAX_LINES)]
    totals: NewTotals | None = None

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        currencies = {money.currency for money in self._moneys()}
        if len(currencies) > 1:
            raise ValueError(f"an order has one currency; this one has {', '.join(sorted(currencies))}")
        return self

    @model_validator(mode="after")
    def _distinct_lines(self) -> Self:
        given = [item.line_id for item in self.items if item.line_id is not None]
        twice = {line_id for line_id in given if given.count(line_id) > 1}
        if twice:
            raise ValueError(f"line_id {', '.join(sorted(twice))} is there twice; each line needs its own")
        return self

    def _moneys(self) -> list[NewMoney]:
        moneys = [item.unit_price for item in self.items]
        moneys += [m.unit_price for item in self.items for m in item.modifiers if m.unit_price is not None]
        totals = self.totals
        stated = [] if totals is None else [totals.subtotal, totals.discount, totals.tax, totals.service, totals.tip]
        return moneys + [m for m in stated if m is not None] + ([totals.total] if totals is not None else [])

    def lines(self) -> dict[str, dict[str, Any]]:
        """Give the items as the document keeps them: by line id, numbered where none was given."""
        taken = {item.line_id for item in self.items}
        free = (str(number) for number in count(1) if str(number) not in taken)
        return {
            item.line_id or next(free): item.model_dump(mode="json", exclude_none=True, exclude={"line_id"})
            for item in self.items
        }


class AcceptBody(_Body):
    """The venue takes the order, and may promise a time."""

    promised_at: AwareDatetime | None = None


class ReasonBody(_Body):
    """Why: staff and guest will read it."""

    reason: Text


class NoteBody(_Body):
    """Nothing is needed; a reason may be given."""

    reason: Text | None = None


class RecallBody(NoteBody):
    """Which lines go back to preparing; all live ones where none is named."""

    line_ids: list[Name] | None = Field(default=None, min_length=1, max_length=MAX_LINES)
