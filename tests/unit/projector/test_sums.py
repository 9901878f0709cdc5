"""Sales, item sales, times and refunds: what each event moves, told in the words of a restaurant."""

from collections.abc import Iterable
from typing import Any

import pytest

from infra.random_log import entry_of, order_event
from order_contracts.examples import golden_records
from order_contracts.wire import read_record
from projector.changes import Before, Changes, LogRecord
from projector.line_sales import line_sale
from projector.projection import project
from projector.stage_times import bucket_end, bucket_of
from projector.unprojectable import Unprojectable

EUR = {"currency": "EUR"}
PIZZA = {"name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, **EUR}, "state": "new", "station": "oven"}
COLA = {"name": "Cola", "sku": "c1", "quantity": "1", "unit_price": {"amount": 300, **EUR}, "state": "new"}
TOTALS = {"total": {"amount": 2300, **EUR}, "tip": {"amount": 100, **EUR}}
PLACED = {"status": "placed", "placed_at": "2026-11-20T19:59:00.000Z", "items": {"1": PIZZA, "2": COLA}}
MINUTE = 60_000


class Kitchen:
    """One order whose events come at given minutes."""

    def __init__(self, first: dict[str, Any], *later: tuple[float, dict[str, Any]]) -> None:
        self.records = list(map(self._record, range(len(later) + 1), [(0, first), *later]))

    def _record(self, number: int, moment: tuple[float, dict[str, Any]]) -> LogRecord:
        minutes, change = moment
        event = order_event("o1", "bar", number + 1, f"e{number}" if number else None, f"e{number + 1}", change)
        entry = entry_of(event, 1)
        at = 1_795_199_100_000 + int(minutes * MINUTE)
        return LogRecord(0, number, read_record(entry.key, entry.value, entry.headers, at))

    def changes(self) -> Changes:
        changes = project(self.records, Before({}, {}), partitions=1)
        assert [letter.reason for letter in changes.dead_letters] == []
        return changes

    def sales(self) -> dict[str, tuple[int, ...]]:
        return {key.currency: sums for key, sums in self.changes().sales.items() if any(sums)}

    def items(self) -> dict[str, tuple[int, ...]]:
        return {key.name: sums for key, sums in self.changes().items.items() if any(sums)}

    def stays(self) -> dict[tuple[str, str], tuple[int, ...]]:
        return {(key.stage, key.station): sums for key, sums in self.changes().stages.items() if any(sums)}


def test_an_order_sells_from_its_placing_what_its_till_stated() -> None:
    kitchen = Kitchen({**PLACED, "totals": TOTALS})
    assert kitchen.sales() == {"EUR": (1, 0, 2300, 0, 0, 0, 100, 0, 0, 0)}
    assert kitchen.items() == {"Margherita": (1, 200_000, 1900, 0), "Cola": (1, 100_000, 300, 0)}
    (key,) = kitchen.changes().sales
    assert (key.occasion.hour * 3600_000, str(key.occasion.business_date)) == (1_795_201_200_000, "2026-11-20")


@pytest.mark.parametrize("end", ["cancelled", "rejected", "failed"])
def test_an_order_that_comes_to_nothing_takes_its_sums_back(end: str) -> None:
    kitchen = Kitchen(PLACED, (1, {"status": "accepted"}), (2, {"status": end}))
    assert kitchen.sales() == {"EUR": (0, 1, *[0] * 8)}
    assert kitchen.items() == {}
    assert kitchen.stays() == {}


def test_a_scheduled_order_counts_once_it_is_released_at_that_hour() -> None:
    scheduled = {**PLACED, "status": "scheduled"}
    assert Kitchen(scheduled).sales() == {}
    released = Kitchen(scheduled, (90, {"status": "placed", "placed_at": "2026-11-21T11:00:00.000Z"}))
    assert released.sales() == {"EUR": (1, 0, 2200, *[0] * 7)}
    assert {key.occasion.hour * 3600_000 for key in released.changes().sales} == {1_795_258_800_000}


@pytest.mark.parametrize(
    ("change", "gross", "sold"),
    [
        ({"items": {"2": {"state": "voided"}}}, 1900, {"Margherita": (1, 200_000, 1900, 0)}),
        ({"items": {"2": None}}, 1900, {"Margherita": (1, 200_000, 1900, 0)}),
        ({"items": {"1": {"quantity": "3"}, "2": None}}, 2850, {"Margherita": (1, 300_000, 2850, 0)}),
        ({"items": {"1": None, "2": {"modifiers": [{"name": "rum", "unit_price": {"amount": 150, **EUR}}]}}}, 450,
         {"Cola": (1, 100_000, 450, 0)}),
        ({"items": {"1": None, "2": {"refunded": True}}}, 300, {"Cola": (1, 100_000, 300, 100_000)}),
    ],
)  # fmt: skip
def test_a_line_that_is_struck_changed_or_refunded_moves_both_sums(
    change: dict[str, Any], gross: int, sold: dict[str, tuple[int, ...]]
) -> None:
    kitchen = Kitchen(PLACED, (1, change))
    assert kitchen.sales()["EUR"][2] == gross
    assert kitchen.items() == sold


def test_a_stated_total_takes_the_place_of_the_lines_sum_and_gives_it_back() -> None:
    assert Kitchen(PLACED, (1, {"totals": TOTALS})).sales()["EUR"][2] == 2300
    assert Kitchen(PLACED, (1, {"totals": TOTALS}), (2, {"totals": None})).sales()["EUR"][2] == 2200


def test_refunds_are_rows_of_their_own_and_stand_beside_the_sale() -> None:
    kitchen = Kitchen(
        PLACED,
        (5, {"payments": {**EUR, "captured": 2200, "refunded": 0}}),
        (9, {"payments": {"refunded": 300}}),
        (11, {"payments": {"refunded": 500}}),
    )
    assert [(r.version, r.currency, r.amount) for r in kitchen.changes().refunds] == [(3, "EUR", 300), (4, "EUR", 200)]
    assert kitchen.sales()["EUR"][7] == 500


def test_time_in_each_status_adds_up_over_a_recall() -> None:
    kitchen = Kitchen(
        PLACED,
        (1, {"status": "accepted"}),
        (3, {"status": "preparing", "items": {"1": {"state": "preparing"}}}),
        (13, {"status": "ready", "items": {"1": {"state": "ready"}, "2": {"state": "ready"}}}),
        (14, {"status": "preparing", "items": {"1": {"state": "preparing"}}}),
        (20, {"status": "ready", "items": {"1": {"state": "ready"}}}),
        (25, {"status": "completed"}),
    )
    statuses = {stage: sums for (stage, station), sums in kitchen.stays().items() if stage != "kitchen"}
    assert statuses == {
        "placed": (1, 1 * MINUTE),
        "accepted": (1, 2 * MINUTE),
        "preparing": (1, 16 * MINUTE),
        "ready": (1, 6 * MINUTE),
    }
    assert kitchen.stays()["kitchen", "oven"] == (1, 18 * MINUTE)  # 12 from its acceptance, 6 more after the recall
    assert kitchen.stays()["kitchen", ""] == (1, 12 * MINUTE)


def test_a_held_line_takes_the_kitchen_no_time_until_it_is_fired() -> None:
    held = {**PLACED, "items": {"1": {**PIZZA, "state": "held"}}}
    kitchen = Kitchen(
        held,
        (1, {"status": "accepted"}),
        (31, {"items": {"1": {"state": "new"}}}),
        (40, {"status": "ready", "items": {"1": {"state": "ready"}}}),
    )
    assert kitchen.stays()["kitchen", "oven"] == (1, 9 * MINUTE)


def test_an_order_is_late_once_it_is_ready_after_its_promise_and_no_more_when_that_moves() -> None:
    promise = {"promised_at": "2026-11-20T18:30:00.000Z"}  # its first event is appended at 18:25
    late = [{**PLACED, **promise}, (10, {"status": "ready"})]
    assert Kitchen(*late).sales()["EUR"][8:] == (1, 1)
    assert Kitchen(late[0], (4, {"status": "ready"}), (9, {"status": "completed"})).sales()["EUR"][8:] == (1, 0)
    assert Kitchen(*late, (11, {"status": "preparing"})).sales()["EUR"][8:] == (0, 0)
    assert Kitchen(*late, (11, {"promised_at": "2026-11-20T19:00:00.000Z"})).sales()["EUR"][8:] == (1, 0)


def test_history_counts_in_sales_and_has_no_times() -> None:
    kitchen = Kitchen({**PLACED, "status": "completed", "promised_at": "2020-01-01T00:00:00Z", "totals": TOTALS})
    assert kitchen.sales() == {"EUR": (1, 0, 2300, 0, 0, 0, 100, 0, 0, 0)}
    assert kitchen.stays() == {}


def test_golden_records_come_to_their_sums() -> None:
    changes = project(_golden(), Before({}, {}), partitions=1)
    sums = {key.occasion.hour: value for key, value in changes.sales.items() if any(value)}
    assert list(sums.values()) == [(1, 0, 1900, 0, 0, 0, 0, 0, 1, 0), (1, 0, 1900, 0, 0, 0, 0, 950, 0, 0)]


def _golden() -> Iterable[LogRecord]:
    for number, (_, record) in enumerate(golden_records()):
        headers = [(name, text.encode()) for name, text in record["headers"].items()]
        content = read_record(record["key"].encode(), record["value"].encode(), headers, record["appended_at"])
        yield LogRecord(0, number, content)


@pytest.mark.parametrize(
    ("quantity", "price", "extra", "revenue"),
    [
        ("0.5", 3, None, 2),
        ("0.5", -3, None, -2),
        ("0.25", 950, None, 238),
        ("0.00001", 49_999, None, 0),
        ("0.00001", 50_000, None, 1),
        ("2", 950, "1.5", 2200),
        ("9999999.99999", 2**29, None, 5_368_709_119_994_631),
    ],
)
def test_a_line_is_rounded_once_half_away_from_zero(quantity: str, price: int, extra: str | None, revenue: int) -> None:
    modifiers = [] if extra is None else [{"name": "x", "quantity": extra, "unit_price": {"amount": 100, **EUR}}]
    line = {"name": "a", "quantity": quantity, "unit_price": {"amount": price, **EUR}, "modifiers": modifiers}
    sale = line_sale(line)
    assert sale is not None
    assert sale.revenue == revenue


@pytest.mark.parametrize(
    "line",
    [
        {**PIZZA, "quantity": "two"},
        {**PIZZA, "quantity": 2},
        {**PIZZA, "quantity": "0.000001"},
        {**PIZZA, "unit_price": 950},
        {**PIZZA, "unit_price": {"amount": 9.5, **EUR}},
        {**PIZZA, "unit_price": {"amount": True, **EUR}},
        {**PIZZA, "unit_price": {"amount": 2**53 - 1, **EUR}},
        {**PIZZA, "modifiers": {"name": "x"}},
    ],
)
def test_a_line_that_says_money_in_another_way_is_refused_and_not_read_as_nothing(line: dict[str, Any]) -> None:
    with pytest.raises(Unprojectable):
        line_sale(line)


def test_buckets_follow_each_other_without_gap_and_are_a_sixteenth_wide_at_most() -> None:
    for seconds in range(200_000):
        start = bucket_of(seconds * 1000 + 999)
        assert start <= seconds < bucket_end(start)
        assert bucket_of(start * 1000) == start
        assert bucket_end(start) - start <= max(1, start / 16)
