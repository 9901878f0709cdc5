"""What callers ask for: request bodies and the commands that they become. Private to order-api: no reader knows them.

Unknown fields are refused here, by name: a misspelt `allergens` must not vanish.
"""

from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from order_contracts.order import ExternalRef, Guest, Item, Money, Name, Table, Text, Totals

MAX_LINES = 200


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewItem(_Body, Item):
    """One line of a new order. Lines without a line_id are numbered from 1."""

    line_id: Name | None = None
    state: str = Field(default="new", pattern="^(new|held)$")


class StatedTotals(_Body, Totals):
    """Totals as the POS states them; whether they add up is found out, not stated."""

    mismatch: bool = Field(default=False, exclude=True, init=False)


class PlaceOrder(_Body):
    """A new order."""

    business_date: date = Field(description="the venue's business day; part of the order's identity")
    channel: str = Field(default="pos", pattern="^[a-z][a-z0-9_]{0,31}$", examples=["qr", "pos", "staff"])
    dining_option: str | None = Field(default=None, pattern="^[a-z][a-z0-9_]{0,31}$", examples=["dine_in"])
    table: Table | None = None
    display_number: str | None = Field(default=None, min_length=1, max_length=32, examples=["A-42"])
    external_ref: ExternalRef | None = None
    placed_at: AwareDatetime | None = None
    promised_at: AwareDatetime | None = None
    guest: Guest | None = None
    notes: Text | None = None
    allergens: list[Text] = Field(default_factory=list, max_length=50)
    items: Annotated[list[NewItem], Field(min_length=1, max_length=MAX_LINES)]
    totals: StatedTotals | None = None

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

    def _moneys(self) -> list[Money]:
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


@dataclass(frozen=True, slots=True)
class Place:
    """Place a new order."""

    order_id: str
    venue_id: str
    organization_id: str
    body: PlaceOrder


@dataclass(frozen=True, slots=True)
class Accept:
    """Take a placed order."""

    promised_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn a placed order down."""

    reason: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start to prepare: all new lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MakeReady:
    """Bump: all live lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the order over."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call an open order off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Take a ready or completed order back to preparing."""

    line_ids: tuple[str, ...] | None = None
    reason: str | None = None


Command = Place | Accept | Reject | Start | MakeReady | Complete | Cancel | Recall
