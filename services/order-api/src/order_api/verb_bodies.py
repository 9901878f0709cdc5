"""The bodies of what is asked of an order that is there, each with an example. Private to order-api, as `bodies`."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from order_api.bodies import (
    EXAMPLE_DAY,
    Body,
    Moment,
    NewItem,
    NewModifier,
    NewMoney,
    NewTable,
    NewTotals,
    Whole,
    distinct_lines,
)
from order_api.new_order import MAX_LINES
from order_contracts.order import Name, Quantity, Text

_PIZZA = {"name": "Margherita", "quantity": "1", "unit_price": {"amount": 950, "currency": "EUR"}, "station": "oven"}
_TEN_EUROS = {"amount": 1000, "currency": "EUR"}


def _example(least: int = 0, /, **body: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [body], **({"minProperties": least} if least else {})})


class _Changes(Body):
    """Fields that may each be left out, but not all of them."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"say what changes: {', '.join(type(self).model_fields)}")
        return self


class AcceptBody(Body):
    """The venue takes the order, and may promise a time."""

    model_config = _example(promised_at=f"{EXAMPLE_DAY}T18:45:00Z")

    promised_at: Moment | None = None


class ReasonBody(Body):
    """Why: staff and guest will read it. It stays in the log, so it must name no guest."""

    model_config = _example(reason="the kitchen has closed")

    reason: Text


class NoteBody(Body):
    """Nothing is needed; a reason may be given."""

    model_config = _example(reason="the guest is in a hurry")

    reason: Text | None = None


class RecallBody(NoteBody):
    """Which lines go back to preparing; all live ones where none is named."""

    model_config = _example(line_ids=["1"], reason="the pizza was cold")

    line_ids: list[Name] | None = Field(default=None, min_length=1, max_length=MAX_LINES)


class AddItemsBody(Body):
    """More lines for an order. Lines without a line_id take the next free numbers."""

    model_config = _example(items=[_PIZZA])

    items: Annotated[list[NewItem], Field(min_length=1, max_length=MAX_LINES)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        distinct_lines(self.items)
        return self


class ChangeItemBody(_Changes):
    """What is other about a line now. A field that is left out stays; notes are removed by null."""

    model_config = _example(1, quantity="3", notes="well done")

    quantity: Quantity | None = None
    notes: Text | None = None
    modifiers: list[NewModifier] | None = Field(default=None, max_length=50)


class TableBody(Body):
    """Where the guests sit now."""

    model_config = _example(table={"label": "7", "area": "terrace"})

    table: NewTable


class NotesBody(_Changes):
    """Other notes or allergens. A field that is left out stays; notes are removed by null, allergens by []."""

    model_config = _example(1, notes="bring the bill", allergens=["peanut"])

    notes: Text | None = None
    allergens: list[Text] | None = Field(default=None, max_length=50)


class PriorityBody(Body):
    """How soon the kitchen should turn to it."""

    model_config = _example(priority=5)

    priority: Whole = Field(ge=0, le=9, description="0 is as usual; higher is sooner")


class DelayBody(Body):
    """Another promised time, and why."""

    model_config = _example(promised_at=f"{EXAMPLE_DAY}T19:05:00Z", reason="the oven is full")

    promised_at: Moment
    reason: Text | None = None


class TotalsBody(Body):
    """The order's totals, stated anew: as after a change of its lines, or with a tip. All parts are replaced."""

    model_config = _example(totals={"total": {"amount": 2100, "currency": "EUR"}})

    totals: NewTotals


class PaidMoney(NewMoney):
    """An amount that changes hands: at least one minor unit."""

    amount: Whole = Field(ge=1, le=2**53 - 1, description="minor units, such as cents")


class AmountBody(NoteBody):
    """How much."""

    model_config = _example(amount=_TEN_EUROS)

    amount: PaidMoney


class RefundBody(AmountBody):
    """How much is given back, and which lines for; they are marked as refunded, the kitchen is not told."""

    model_config = _example(amount=_TEN_EUROS, line_ids=["1"], reason="the pizza was cold")

    line_ids: list[Name] = Field(default_factory=list, max_length=MAX_LINES)
