"""The body of a new order and the parts that it is made of. Private to order-api: no reader of the log knows them.

Unknown fields are refused here, by name: a misspelt `allergens` must not vanish.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from order_api.new_order import MAX_LINES, WORD_PATTERN, NewOrder, judged, numbered
from order_contracts.order import ExternalRef, Guest, ItemTerms, Modifier, Money, Name, StatedTotals, Table, Text

EXAMPLE_DAY = "2026-11-20"
"""The day of all examples: `openapi` puts the present one in its place, so that they can be sent as they stand."""
_EXAMPLE: dict[str, Any] = {
    "business_date": EXAMPLE_DAY,
    "channel": "pos",
    "dining_option": "dine_in",
    "table": {"label": "12"},
    "display_number": "A-42",
    "external_ref": {"source": "till-3", "id": "0042"},
    "allergens": ["peanut"],
    "items": [
        {
            "line_id": "1",
            "name": "Margherita",
            "quantity": "2",
            "unit_price": {"amount": 950, "currency": "EUR"},
            "modifiers": [{"name": "basil", "action": "remove"}],
            "station": "oven",
        }
    ],
    "totals": {"total": {"amount": 1900, "currency": "EUR"}},
}


class Body(BaseModel):
    """What every body is: closed to fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
"""A whole number as JSON Schema means it: 950 and 950.0, but neither 9.5 nor "950"."""


def _text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("write it as RFC 3339 says; a number is not taken for one")  # noqa: TRY004  # pydantic's way
    return value


def _on_the_calendar(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is before the year 1 or after 9999 in UTC") from error
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_on_the_calendar)]
Day = Annotated[date, BeforeValidator(_text)]


class NewMoney(Body, Money):
    """An amount in minor units and its currency."""

    amount: Whole = Field(ge=-(2**53) + 1, le=2**53 - 1, description="minor units, such as cents")


class NewModifier(Body, Modifier):
    """A change to an item."""

    unit_price: NewMoney | None = None


class NewItem(Body, ItemTerms):
    """One line of a new order. Lines without a line_id are numbered from 1."""

    line_id: Name | None = None
    unit_price: NewMoney
    modifiers: list[NewModifier] = Field(default_factory=list, max_length=50)
    course: Annotated[int, Field(strict=True, ge=0, le=99), BeforeValidator(_whole)] | None = None
    seat: Annotated[int, Field(strict=True, ge=0, le=999), BeforeValidator(_whole)] | None = None
    state: str = Field(default="new", pattern="^(new|held)$")


class NewTotals(Body, StatedTotals):
    """Totals as the POS states them; whether they add up is found out, not stated."""

    subtotal: NewMoney | None = None
    discount: NewMoney | None = None
    tax: NewMoney | None = None
    service: NewMoney | None = None
    tip: NewMoney | None = None
    total: NewMoney

    def parts(self) -> list[NewMoney]:
        """Give every amount that is stated."""
        stated = (self.subtotal, self.discount, self.tax, self.service, self.tip, self.total)
        return [money for money in stated if money is not None]

    def document(self) -> dict[str, Any]:
        """Give them as the document keeps them, with the verdict on whether they add up."""
        return judged(self.model_dump(mode="json", exclude_none=True))


class NewTable(Body, Table):
    """Where the guests sit."""


class NewGuest(Body, Guest):
    """Who ordered."""


class NewRef(Body, ExternalRef):
    """The order's name in the system that it comes from."""


class PlaceOrder(Body):
    """A new order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    business_date: Day = Field(
        description="the venue's business day on which the order is taken, even one for later; part of its identity"
    )
    channel: str = Field(default="pos", pattern=WORD_PATTERN, examples=["qr", "pos", "staff"])
    dining_option: str | None = Field(default=None, pattern=WORD_PATTERN, examples=["dine_in"])
    table: NewTable | None = None
    display_number: str | None = Field(default=None, min_length=1, max_length=32, examples=["A-42"])
    external_ref: NewRef | None = None
    placed_at: Moment | None = None
    scheduled_for: Moment | None = Field(
        default=None,
        description="for later: the order waits as scheduled until shortly before, or until it is released",
    )
    promised_at: Moment | None = None
    guest: NewGuest | None = None
    notes: Text | None = None
    allergens: list[Text] = Field(default_factory=list, max_length=50)
    items: Annotated[list[NewItem], Field(min_length=1, max_length=MAX_LINES)]
    totals: NewTotals | None = None

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        one_currency([*currencies_of(self.items), *(money.currency for money in self._stated())])
        return self

    @model_validator(mode="after")
    def _distinct_lines(self) -> Self:
        distinct_lines(self.items)
        return self

    def _stated(self) -> list[NewMoney]:
        return [] if self.totals is None else self.totals.parts()

    def order(self) -> NewOrder:
        """Give it as the rules read it."""
        return msgspec.convert(self.model_dump(mode="json", exclude_unset=True), NewOrder)

    def lines(self) -> dict[str, dict[str, Any]]:
        """Give the items as the document keeps them: by line id, numbered where none was given."""
        return numbered(dumped(self.items), taken=())


def one_currency(currencies: Iterable[str]) -> None:
    """Raise ValueError unless there is one currency at most."""
    found = set(currencies)
    if len(found) > 1:
        raise ValueError(f"an order has one currency; this one has {', '.join(sorted(found))}")


def currencies_of(items: Iterable[NewItem]) -> Iterator[str]:
    """Give the currency of every price."""
    for item in items:
        yield item.unit_price.currency
        yield from (modifier.unit_price.currency for modifier in item.modifiers if modifier.unit_price is not None)


def distinct_lines(items: Iterable[NewItem]) -> None:
    """Raise ValueError where a line_id is given twice."""
    given = [item.line_id for item in items if item.line_id is not None]
    if len(set(given)) < len(given):
        twice = {line_id for line_id in given if given.count(line_id) > 1}
        raise ValueError(f"line_id {', '.join(sorted(twice))} is there twice; each line needs its own")


def dumped(items: Iterable[NewItem]) -> list[dict[str, Any]]:
    """Give items as JSON."""
    return [item.model_dump(mode="json", exclude_none=True) for item in items]
