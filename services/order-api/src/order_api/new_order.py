"""A new order as the rules read it: typed, and made of JSON in one go. Private to order-api, as `bodies`.

`bodies.PlaceOrder` says what a body may hold, and finds the words for one that is wrong; `read` takes most of those
that are right, in a twentieth of the time. Invariant: what `read` takes, PlaceOrder takes, and makes the same order of.
What was not said is UNSET, and null is None: a repeated request is recognised by both.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import MAXYEAR, date, datetime
from functools import lru_cache
from itertools import count, repeat
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import astuple

from order_contracts.events import timestamp
from order_contracts.ids import NAME_PATTERN
from order_contracts.order import CURRENCY_PATTERN, IMAGE_URL_PATTERN, QUANTITY_PATTERN

MAX_LINES = 200
WORD_PATTERN = "^[a-z][a-z0-9_]{0,31}$"
_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Name = Annotated[str, Meta(max_length=64)]  # what is remembered has to be short
_Word = Annotated[str, Meta(max_length=32)]
_Quantity = Annotated[str, Meta(max_length=13)]
_Whole = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
_Moment = Annotated[datetime, Meta(tz=True)]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, gc=False):  # JSON makes no cycles
    pass


class Price(_Part, frozen=True):
    """An amount in minor units and its currency."""

    amount: _Whole
    currency: Annotated[str, Meta(max_length=3)]


class Modifier(_Part, frozen=True):
    """A change to a line."""

    name: _Text
    action: _Word | UnsetType = UNSET
    quantity: _Quantity | UnsetType = UNSET
    unit_price: Price | UnsetType | None = UNSET


class Line(_Part, frozen=True, kw_only=True):
    """One line."""

    name: _Text
    sku: _Text | UnsetType | None = UNSET
    quantity: _Quantity
    unit_price: Price
    modifiers: Annotated[list[Modifier], Meta(max_length=50)] | UnsetType = UNSET
    station: _Name | UnsetType | None = UNSET
    course: Annotated[int, Meta(ge=0, le=99)] | UnsetType | None = UNSET
    seat: Annotated[int, Meta(ge=0, le=999)] | UnsetType | None = UNSET
    notes: _Text | UnsetType | None = UNSET
    image_url: Annotated[str, Meta(max_length=500)] | UnsetType | None = UNSET
    line_id: _Name | UnsetType | None = UNSET
    state: _Word | UnsetType = UNSET


class Totals(_Part, frozen=True, kw_only=True):
    """Totals as they are stated."""

    subtotal: Price | UnsetType | None = UNSET
    discount: Price | UnsetType | None = UNSET
    tax: Price | UnsetType | None = UNSET
    service: Price | UnsetType | None = UNSET
    tip: Price | UnsetType | None = UNSET
    total: Price


class Table(_Part, frozen=True):
    """Where the guests sit."""

    label: _Text
    area: _Text | UnsetType | None = UNSET


class Ref(_Part, frozen=True):
    """The order's name in the system that it comes from."""

    source: _Name
    id: _Text
    version: _Whole | UnsetType | None = UNSET


class Guest(_Part, frozen=True):
    """Who ordered."""

    name: _Text | UnsetType | None = UNSET


class NewOrder(_Part, frozen=True, kw_only=True):
    """A new order."""

    business_date: date
    channel: _Word | UnsetType = UNSET
    dining_option: _Word | UnsetType | None = UNSET
    table: Table | UnsetType | None = UNSET
    display_number: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType | None = UNSET
    external_ref: Ref | UnsetType | None = UNSET
    placed_at: _Moment | UnsetType | None = UNSET
    scheduled_for: _Moment | UnsetType | None = UNSET
    promised_at: _Moment | UnsetType | None = UNSET
    guest: Guest | UnsetType | None = UNSET
    notes: _Text | UnsetType | None = UNSET
    allergens: Annotated[list[_Text], Meta(max_length=50)] | UnsetType = UNSET
    items: Annotated[list[Line], Meta(min_length=1, max_length=MAX_LINES)]
    totals: Totals | UnsetType | None = UNSET

    def document(self) -> dict[str, Any]:
        """Give what the order document has of it: defaults in, nulls out, items by line id, totals judged."""
        told = said({"channel": "pos", "allergens": [], **msgspec.to_builtins(self)})
        told["items"] = numbered([_line(line) for line in told["items"]], taken=())
        for name in _PARTS:
            if name in told:
                told[name] = said(told[name])
        for name in _MOMENTS:
            if name in told:
                told[name] = timestamp(getattr(self, name))
        if "totals" in told:
            told["totals"] = judged(told["totals"])
        return told


def _line(line: dict[str, Any]) -> dict[str, Any]:
    if "modifiers" in line:
        line["modifiers"] = [said({"action": "add", "quantity": "1", **modifier}) for modifier in line["modifiers"]]
    else:
        line["modifiers"] = []
    line.setdefault("state", "new")
    return said(line)


def said(part: dict[str, Any]) -> dict[str, Any]:
    """Give a part without its nulls."""
    return {name: value for name, value in part.items() if value is not None} if None in part.values() else part


def numbered(items: Sequence[dict[str, Any]], *, taken: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Key dumped items by their line_id, which is taken out; those without one are numbered around the others."""
    named = [item.pop("line_id", None) for item in items]
    if None in named:
        used = {*taken, *named}
        free = (str(number) for number in count(1) if str(number) not in used)
        named = [line_id or next(free) for line_id in named]
    return dict(zip(named, items, strict=True))


def judged(totals: dict[str, Any]) -> dict[str, Any]:
    """Give dumped totals with the verdict on whether they add up; without a subtotal nothing can be said."""
    amounts = {name: money["amount"] for name, money in totals.items()}
    added = sum(amounts.get(name, 0) for name in ("subtotal", "tax", "service", "tip")) - amounts.get("discount", 0)
    return {**totals, "mismatch": "subtotal" in amounts and added != amounts["total"]}


_PARTS = ("table", "external_ref", "guest", "totals")
_MOMENTS = ("placed_at", "scheduled_for", "promised_at")
_decode = msgspec.json.Decoder(NewOrder).decode


def read(content: bytes) -> NewOrder | None:
    """Read a body in JSON; None for one that PlaceOrder has to look at: it may be right too, in a rarer form."""
    try:
        order = _decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return order if fits(order, content) else None


def _of(pattern: str) -> Callable[[Any], bool]:
    """Give a test for a text, where there is one. It remembers: names, quantities and currencies come again."""
    matches = re.compile(pattern[1:-1], re.ASCII).fullmatch
    return lru_cache(4096)(lambda text: text is UNSET or text is None or matches(text) is not None)


_is_word, _is_name, _is_quantity = _of(WORD_PATTERN), _of(NAME_PATTERN), _of(QUANTITY_PATTERN)
_is_currency, _is_image_url = _of(CURRENCY_PATTERN), _of(IMAGE_URL_PATTERN)
_is_state = frozenset({UNSET, "new", "held"}).__contains__
_TOO_FINE = re.compile(rb"\.[0-9]{7}")  # pydantic cuts a moment to the microsecond, msgspec rounds it


def fits(order: NewOrder, content: bytes) -> bool:
    """Whether an order, as decoded from these bytes or a part of them, is right beyond its types."""
    currency, lines = order.items[0].unit_price.currency, order.items
    return (
        b"\\u0000" not in content
        and _is_word(order.channel)
        and _is_word(order.dining_option)
        and _is_currency(currency)
        and all(map(_line_fits, lines, repeat(currency)))
        and (len(lines) == 1 or _lines_differ(lines))
        and (not order.external_ref or _is_name(order.external_ref.source))
        and (not order.totals or all(not sum_ or sum_.currency == currency for sum_ in astuple(order.totals)))
        and _moments_fit(order, content)
    )


def _line_fits(line: Line, currency: str) -> bool:
    return (
        line.unit_price.currency == currency
        and _is_quantity(line.quantity)
        and _is_name(line.line_id)
        and _is_name(line.station)
        and _is_state(line.state)
        and _is_image_url(line.image_url)
        and (not line.modifiers or all(_modifier_fits(modifier, currency) for modifier in line.modifiers))
    )


def _modifier_fits(modifier: Modifier, currency: str) -> bool:
    price = modifier.unit_price
    return _is_quantity(modifier.quantity) and (not price or price.currency == currency)


def _lines_differ(lines: Sequence[Line]) -> bool:
    ids = [line.line_id for line in lines if line.line_id]
    return len(set(ids)) == len(ids)


def _moments_fit(order: NewOrder, content: bytes) -> bool:
    moments = [moment for moment in (order.placed_at, order.scheduled_for, order.promised_at) if moment]
    return not moments or (_TOO_FINE.search(content) is None and all(1 < moment.year < MAXYEAR for moment in moments))
