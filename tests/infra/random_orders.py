"""Orders as tests write them into a log: well-typed documents, and changes that move every sum there is."""

from random import Random
from typing import Any

STATUSES = ("placed", "accepted", "preparing", "ready", "completed")
ENDS = ("cancelled", "rejected", "failed")
_DISHES = (("Margherita", "P1", 950, "oven"), ("Cola", None, 320, "bar"), ("Soup žá", "S9", 601, None))
_QUANTITIES = ("1", "2", "0.25", "12.5", "0.00001", "3.33333")


def placing(random: Random) -> dict[str, Any]:
    """Give the first change of an order: sometimes all that a till says, sometimes next to nothing."""
    document: dict[str, Any] = {"status": random.choice([*STATUSES, "scheduled", "levitating"]), "channel": "qr"}
    if random.random() < 0.8:
        document["placed_at"] = _moment(random)
        document["items"] = {str(number): _line(random) for number in range(random.randrange(4))}
    if random.random() < 0.7:
        document |= {"business_date": f"2026-11-{random.randrange(18, 21)}", "payment": "unpaid"}
    if random.random() < 0.5:
        document["totals"] = _totals(random)
    return document


def moving(random: Random) -> dict[str, Any]:
    """Give a later change. Absolute values, as in every change; what it names need not be there yet."""
    line = str(random.randrange(3))
    change: dict[str, Any] = random.choice(
        [
            {},
            {"notes": random.choice([None, "no onions"])},
            {"promised_at": _moment(random)},
            {"placed_at": _moment(random)},
            {"totals": random.choice([None, _totals(random)])},
            {"payment": "refunded", "payments": {"currency": "EUR", "captured": 9000, "refunded": _cents(random)}},
            {"items": {line: {"state": random.choice(["new", "held", "preparing", "ready", "served", "voided"])}}},
            {"items": {line: {"state": random.choice(["preparing", "ready"])}}},
            {"items": {line: _line(random)}},
            {"items": {line: {"quantity": random.choice(_QUANTITIES), "refunded": random.random() < 0.5}}},
        ]
    )
    if random.random() < 0.6:
        change = {**change, "status": random.choice([*STATUSES, *STATUSES, *ENDS])}
    return change


def _line(random: Random) -> dict[str, Any]:
    name, sku, price, station = random.choice(_DISHES)
    line: dict[str, Any] = {
        "name": name,
        "quantity": random.choice(_QUANTITIES),
        "unit_price": {"amount": price, "currency": random.choice(["EUR", "EUR", "CHF"])},
        "state": random.choice(["new", "held", "ready"]),
        "modifiers": [],
    }
    if random.random() < 0.4:
        extra = {"amount": random.choice([-55, 33]), "currency": "EUR"}
        line["modifiers"] = [{"name": "cheese", "quantity": "1.5", "unit_price": extra}, {"name": "no basil"}]
    return {**line, "sku": sku, "station": station}


def _totals(random: Random) -> dict[str, Any]:
    parts = {part: _money(random) for part in ("discount", "tax", "service", "tip") if random.random() < 0.5}
    return {**parts, "total": _money(random), "mismatch": False}


def _money(random: Random) -> dict[str, Any]:
    return {"amount": _cents(random), "currency": "EUR"}


def _cents(random: Random) -> int:
    return random.choice([0, 1, 999, 4350, 2**53 - 1])


def _moment(random: Random) -> str:
    return f"2026-11-20T{random.randrange(17, 20)}:{random.randrange(60):02}:00.000Z"
