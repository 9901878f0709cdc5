"""An order's currency, and sums of it."""

from collections.abc import Iterable

from order_api.decide.verdict import Document, Refusal


def currency_of(order: Document) -> str | None:
    """Give the one currency of an order's prices; None for one that has no line."""
    prices = (item["unit_price"]["currency"] for item in order["items"].values())
    return next(prices, None)


def currency_refusal(order: Document, currencies: Iterable[str], field: str) -> Refusal | None:
    """Refuse money of another currency than the order's."""
    found = list(currencies)
    wanted = currency_of(order) or next(iter(found), None)
    other = next((currency for currency in found if currency != wanted), None)
    if other is None:
        return None
    return Refusal("currency_mismatch", f"the order is in {wanted}, this is in {other}: state it in {wanted}", field)
