"""What one line of an order sells: exact in whole numbers, rounded once, half away from zero as tills do. Pure.

A line sells from when it is ordered until it is voided; held, made or served, it is the same sale.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from order_contracts.order import ItemState
from projector.unprojectable import Unprojectable, amount_in, object_in, text_in

UNITS = 100_000
"""A quantity of 1: quantities have five decimals at most."""
_QUANTITY = re.compile(r"(\d{1,7})(?:\.(\d{1,5}))?", re.ASCII)
_TERMS = frozenset({"name", "sku", "quantity", "unit_price", "modifiers", "refunded"})
_VOIDED = ItemState.VOIDED.value
_MOST_REVENUE = 2**53 - 1
_SKU, _NAME = 100, 200  # characters: longer ones would not fit into an index


class LineSale(NamedTuple):
    """What a line adds to its item's sales: money in minor units, quantities in hundred-thousandths."""

    sku: str
    name: str
    currency: str
    quantity: int
    revenue: int
    refunded_quantity: int


def line_sale(item: Mapping[str, Any]) -> LineSale | None:
    """Read a line; None for one that sells nothing: it is voided, or has no name, quantity or price."""
    name, price = text_in(item, "name"), object_in(item, "unit_price")
    currency = text_in(price, "currency")
    quantity = text_in(item, "quantity")
    if item.get("state") == _VOIDED or name is None or currency is None or quantity is None:
        return None
    units = _units(quantity)
    revenue = _rounded(_unit_price(item, amount_in(price, "amount")) * units)
    if abs(revenue) > _MOST_REVENUE:
        raise Unprojectable("a line is worth more than any amount of money")
    sku = text_in(item, "sku") or ""
    return LineSale(sku[:_SKU], name[:_NAME], currency, units, revenue, units if item.get("refunded") is True else 0)


def same_sale(before: Mapping[str, Any] | None, change: Any) -> bool:
    """Whether a line sells after a change what it sold before, which most leave as it was: they move its state."""
    if before is None or type(change) is not dict or not _TERMS.isdisjoint(change):
        return False
    return (change["state"] == _VOIDED) == (before.get("state") == _VOIDED) if "state" in change else True


def _unit_price(item: Mapping[str, Any], amount: int) -> int:
    """Give the price of one, modifiers included, in hundred-thousandths of a minor unit."""
    modifiers = item.get("modifiers")
    if not modifiers:
        return amount * UNITS
    if not isinstance(modifiers, list | tuple) or not all(isinstance(one, dict) for one in modifiers):
        raise Unprojectable("modifiers is not a list of objects")
    price = amount * UNITS
    for modifier in modifiers:
        if modifier.get("unit_price") is not None:
            each = amount_in(object_in(modifier, "unit_price"), "amount")
            price += each * _units(text_in(modifier, "quantity") or "1")
    return price


@lru_cache(maxsize=4096)  # a menu's few quantities come again and again
def _units(quantity: str) -> int:
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise Unprojectable("quantity is not a decimal of at most five places")
    return int(match[1]) * UNITS + int((match[2] or "").ljust(5, "0"))


def _rounded(scaled: int) -> int:
    half, whole = UNITS * UNITS // 2, UNITS * UNITS
    return (scaled + half) // whole if scaled >= 0 else -((half - scaled) // whole)
