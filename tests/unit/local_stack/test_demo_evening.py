"""The planned evening: orders that order-api takes, at the times of a Friday, the same for the same seed."""

import gzip
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local_stack.demo.evening import plan
from local_stack.demo.menu import station_of, venues
from local_stack.demo.rate import Rate
from order_api.bodies import PlaceOrder

FRIDAY = date(2026, 11, 20)
ARGUMENTS: dict[str, Any] = {"venues": venues(20), "seconds": 60.0, "orders": 400, "business_date": FRIDAY, "seed": 1}


def published(folder: Path) -> Path:
    """Write three published orders: one on a Friday evening, one on a Friday noon, one on a Saturday."""
    rows = ["OrderNumber,OrderDate,ItemName,Quantity,ProductPrice,TotalProducts"]
    for number, moment in enumerate(("02/08/2019 20:25", "02/08/2019 12:25", "03/08/2019 20:25")):
        rows += [f"{number},{moment},Plain Papadum,2,0.8,2", f"{number},{moment},Garlic Naan,1,2.95,2"]
    path = folder / "orders.csv.gz"
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return path


def test_every_planned_order_is_one_that_order_api_takes() -> None:
    planned = plan(**ARGUMENTS, data=None)
    assert len(planned) == 400
    for order in planned:
        PlaceOrder.model_validate(order.body)
    assert len({order.key for order in planned}) == 400


def test_the_same_seed_gives_the_same_evening() -> None:
    assert plan(**ARGUMENTS, data=None) == plan(**ARGUMENTS, data=None)
    assert plan(**{**ARGUMENTS, "seed": 2}, data=None) != plan(**ARGUMENTS, data=None)


def test_half_past_seven_is_busier_than_the_edges_of_the_evening() -> None:
    tenths = Counter(int(order.at / 6) for order in plan(**ARGUMENTS, data=None))
    assert tenths[4] > 2 * tenths[0]
    assert tenths[4] > 2 * tenths[9]
    assert set(tenths) <= set(range(10))


def test_published_fridays_are_replayed_as_they_were(tmp_path: Path) -> None:
    (order,) = plan(**ARGUMENTS, data=published(tmp_path))
    assert order.at == pytest.approx(60.0 * (3 * 60 + 25) / (6 * 60))
    names = [(item["name"], item["quantity"], item["unit_price"]["amount"]) for item in order.body["items"]]
    assert names == [("Plain Papadum", "2", 80), ("Garlic Naan", "1", 295)]
    PlaceOrder.model_validate(order.body)


def test_dishes_of_a_foreign_menu_go_to_a_station_by_their_name() -> None:
    assert [station_of(dish) for dish in ("Garlic Naan", "Pilau Rice", "Madras")] == ["tandoor", "rice", "curry"]


def test_a_rate_knows_its_last_seconds_its_peak_and_its_average() -> None:
    rate = Rate()
    for second, count in enumerate((0, 10, 40, 40, 40, 40)):
        rate.note(float(second), count)
    assert (rate.now(), rate.overall()) == (0.0, 8.0)
    assert rate.peak == 20.0
