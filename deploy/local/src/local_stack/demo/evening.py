"""The plan of an evening: who orders what, where and when. Pure; the same seed gives the same evening.

A Friday from 17:00 to 23:00 is pressed into the seconds that there are. Where the published takeaway orders are at
hand, their Fridays are replayed: real arrival times, baskets, names and prices, spread over the venues.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from local_stack.demo.menu import Dish, Venue, basket, station_of

OPENS, CLOSES = 17 * 60, 23 * 60
_FRIDAY = 4
# Orders by half hours of the evening, in hundredths of the busiest: slow until six, full house at half past seven.
_CURVE = (18, 34, 62, 85, 98, 100, 90, 70, 48, 30, 18, 9)


Basket = list[tuple[Dish, int, list[str]]]
"""Dishes, how many of each, and their modifiers."""


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One order to be placed, `at` seconds after the doors open."""

    at: float
    venue_id: str
    key: str
    body: Mapping[str, Any]


def plan(
    *, venues: Sequence[Venue], seconds: float, orders: int, business_date: date, seed: int, data: Path | None
) -> list[PlannedOrder]:
    """Plan an evening of about `orders` orders in `seconds` seconds, in order of arrival."""
    random = Random(seed)  # noqa: S311  # a plan, not a secret
    arrivals: list[tuple[float, Basket | None]] = [(_minute(random), None) for _ in range(orders)]
    if data is not None:
        fridays = _fridays(data)
        arrivals = [
            (minute, _given_items(lines)) for minute, lines in random.sample(fridays, min(orders, len(fridays)))
        ]
    planned = []
    for number, (minute, given) in enumerate(sorted(arrivals, key=lambda arrival: arrival[0]), start=1):
        venue = random.choice(venues)
        lines, currency = (_own_items(random, venue), "EUR") if given is None else (given, "GBP")
        body = _body(random, number, lines, currency, business_date)
        at = (minute - OPENS) / (CLOSES - OPENS) * seconds
        planned.append(PlannedOrder(at, venue.id, f"{business_date}-{seed}-{number}", body))
    return planned


def _minute(random: Random) -> float:
    slot = random.choices(range(len(_CURVE)), weights=_CURVE)[0]
    return OPENS + (slot + random.random()) * (CLOSES - OPENS) / len(_CURVE)


def _own_items(random: Random, venue: Venue) -> Basket:
    lines = []
    for dish in basket(random, venue.dishes):
        modified = dish.modifiers and random.random() < 0.3
        lines.append((dish, random.choice((1, 1, 1, 2, 3)), [random.choice(dish.modifiers)] if modified else []))
    return lines


def _given_items(lines: Iterable[Mapping[str, str]]) -> Basket:
    return [
        (
            Dish(line["ItemName"], int(Decimal(line["ProductPrice"]) * 100), station_of(line["ItemName"])),
            max(1, int(line["Quantity"])),
            [],
        )
        for line in lines
    ]


def _body(random: Random, number: int, lines: Basket, currency: str, business_date: date) -> dict[str, Any]:
    channel = random.choices(("qr", "pos", "staff", "aggregator"), weights=(50, 25, 10, 15))[0]
    total = {"amount": sum(dish.price * quantity for dish, quantity, _ in lines), "currency": currency}
    body: dict[str, Any] = {
        "business_date": business_date.isoformat(),
        "channel": channel,
        "dining_option": "delivery" if channel == "aggregator" else "dine_in",
        "display_number": f"{'ABCD'[number % 4]}-{number}",
        "external_ref": {"source": "demo-pos", "id": f"{business_date}-{number}"},
        "items": [
            {
                "name": dish.name,
                "quantity": str(quantity),
                "unit_price": {"amount": dish.price, "currency": currency},
                "station": dish.station,
                "modifiers": [{"name": name} for name in modifiers],
            }
            for dish, quantity, modifiers in lines
        ],
        "totals": {"subtotal": total, "total": total},
    }
    allergens = sorted({allergen for dish, _, _ in lines for allergen in dish.allergens})
    if allergens and random.random() < 0.15:
        body["allergens"] = [random.choice(allergens)]
    if channel != "aggregator":
        body["table"] = {"label": str(random.randint(1, 30))}
    if random.random() < 0.1:
        body["notes"] = random.choice(("birthday, candles please", "in a hurry", "child seat", "serve all together"))
    return body


def _fridays(data: Path) -> list[tuple[float, list[dict[str, str]]]]:
    """Read the orders of all Friday evenings: the minute of the day and the lines of each."""
    orders: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(data, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            orders[row["OrderNumber"]].append(row)
    found = []
    for lines in orders.values():
        placed = datetime.strptime(lines[0]["OrderDate"], "%d/%m/%Y %H:%M")  # noqa: DTZ007  # local time, as published
        minute = placed.hour * 60 + placed.minute
        if placed.weekday() == _FRIDAY and OPENS <= minute < CLOSES:
            found.append((float(minute), lines))
    return found
