"""The rows of `sales_by_hour` and `item_sales_by_hour`, as changes: (row before, row after) → what to add. Pure.

Money is integer minor units, one sum a currency. An order's gross is the total that the till stated; where none was
stated, the sum of its lines. What was refunded stands beside it, at the hour of the sale; `refunds` has the when.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from projector.counting import (
    COUNTED,
    Occasion,
    Standing,
    Sums,
    Tally,
    counted_elsewhere,
    moved,
    occasion_of,
    standing_of,
)
from projector.line_sales import LineSale, line_sale, same_sale
from projector.order_row import OrderRow
from projector.unprojectable import Unprojectable, amount_in, object_in, text_in

NO_CURRENCY = "XXX"
"""ISO 4217 for none: of an order that says nothing of money."""
SALES_SUMS = ("orders", "cancelled", "gross", "discount", "tax", "service", "tip", "refunded", "promised", "late")
ITEM_SUMS = ("lines", "quantity", "revenue", "refunded_quantity")
_PARTS = SALES_SUMS[3:7]


class SalesKey(NamedTuple):
    """A row of `sales_by_hour`, whose sums are those of SALES_SUMS."""

    occasion: Occasion
    currency: str


class ItemKey(NamedTuple):
    """A row of `item_sales_by_hour`, whose sums are those of ITEM_SUMS."""

    occasion: Occasion
    currency: str
    sku: str
    name: str


def sales_changes(
    before: OrderRow | None, after: OrderRow, change: Mapping[str, Any]
) -> tuple[Collection[tuple[SalesKey, Sums]], Collection[tuple[ItemKey, Sums]]]:
    """Give what an event's change moves in the two tables; nothing for the many that only move an order on."""
    if before is None:
        return _of_order(after).items(), _of_items(after).items()
    if counted_elsewhere(before, after, change) or ("items" in change and _sold_otherwise(before, change["items"])):
        return moved(_of_order(before), _of_order(after)), moved(_of_items(before), _of_items(after))
    if "totals" in change or "payments" in change:
        return moved(_of_order(before), _of_order(after)), ()
    if before.pace.ready == after.pace.ready and before.pace.promised == after.pace.promised:
        return (), ()
    kept, missed = _promise(before), _promise(after)
    if kept == missed or standing_of(after) is not COUNTED:
        return (), ()
    step = (0,) * (len(SALES_SUMS) - 2) + (missed[0] - kept[0], missed[1] - kept[1])
    return [(_key(after), step)], ()


def _of_order(row: OrderRow) -> Mapping[SalesKey, Sums]:
    standing = standing_of(row)
    if standing is not COUNTED:
        return {_key(row): (0, 1, 0, 0, 0, 0, 0, 0, 0, 0)} if standing is Standing.UNMADE else {}
    totals = object_in(row.document, "totals")
    total = totals.get("total")
    gross = sum(sale.revenue for sale in _lines(row)) if total is None else _amount(totals, "total")
    parts = [_amount(totals, part) if part in totals else 0 for part in _PARTS]
    refunded = amount_in(object_in(row.document, "payments"), "refunded")
    return {_key(row): (1, 0, gross, *parts, refunded, *_promise(row))}


def _promise(row: OrderRow) -> tuple[int, int]:
    """Whether an order was made that had a promised time, and whether later than that, as 1 or 0."""
    promised, made = row.pace.promised, row.pace.ready
    return (0, 0) if promised is None or made is None else (1, int(made > promised))


def _amount(totals: Mapping[str, Any], part: str) -> int:
    return amount_in(object_in(totals, part), "amount")


def _key(row: OrderRow) -> SalesKey:
    currency = text_in(object_in(object_in(row.document, "totals"), "total"), "currency")
    if currency is None:
        prices = (object_in(item, "unit_price") for item in _items(row))
        currency = next(filter(None, (text_in(price, "currency") for price in prices)), NO_CURRENCY)
    return SalesKey(occasion_of(row), currency)


def _of_items(row: OrderRow) -> Mapping[ItemKey, Sums]:
    items: Tally[ItemKey] = Tally()
    if standing_of(row) is COUNTED:
        occasion = occasion_of(row)
        items.add([(ItemKey(occasion, sale.currency, sale.sku, sale.name), (1, *sale[3:])) for sale in _lines(row)])
    return items


def _lines(row: OrderRow) -> Iterator[LineSale]:
    return filter(None, map(line_sale, _items(row)))


def _items(row: OrderRow) -> Iterator[Mapping[str, Any]]:
    for item in object_in(row.document, "items").values():
        if type(item) is not dict:
            raise Unprojectable("a line is not an object")
        yield item


def _sold_otherwise(before: OrderRow, change: Any) -> bool:
    if type(change) is not dict:
        return True
    held = object_in(before.document, "items")
    return not all(same_sale(held.get(line), part) for line, part in change.items())
