"""The cost model: what must hold for every business, and the seed's arithmetic."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanserve_cost import seed
from scanserve_cost.bill import DATABASES, database_for, tasks_for
from scanserve_cost.business import WINDOW_SECONDS, Business
from scanserve_cost.measured import read_measured
from scanserve_cost.plan import Plan
from scanserve_cost.prices import read_prices
from scanserve_cost.shapes import LARGE, MEDIUM, SMALL, shape_for
from scanserve_cost.ways import WAYS, Load, load_of

PRICES, MEASURED = read_prices(), read_measured(shipped=True)

businesses = st.builds(
    Business,
    restaurants=st.integers(1, 2000),
    screens=st.integers(1, 20),
    orders_an_hour=st.floats(0.1, 500),
    open_hours=st.floats(1, 730),
)
intervals = st.floats(0.2, 600)


def plan_of(business: Business, **changes: Any) -> Plan:
    shape = changes.pop("shape", shape_for(business.restaurants))
    return Plan(business, MEASURED, PRICES, shape, changes.pop("poll_seconds", 3.0), MEASURED.poll_bytes)


@given(businesses, intervals)
def test_a_bill_is_the_sum_of_its_lines_and_none_is_negative(business: Business, seconds: float) -> None:
    for bill in (plan_of(business, poll_seconds=seconds).bill(way) for way in WAYS):
        assert bill.total == pytest.approx(sum(line.dollars for line in (*bill.delivery, *bill.rest)))
        assert all(line.dollars >= 0 for line in (*bill.delivery, *bill.rest))


@given(businesses, intervals)
def test_the_rest_is_the_same_whichever_way_screens_are_kept_current(business: Business, seconds: float) -> None:
    bills = plan_of(business, poll_seconds=seconds).bills().values()
    assert len({bill.rest for bill in bills}) == 1


@given(businesses, intervals, st.floats(1.0, 10.0))
def test_polling_less_often_never_costs_more(business: Business, seconds: float, longer: float) -> None:
    plan = plan_of(business)
    often, seldom = plan.bill("polling", seconds), plan.bill("polling", seconds * longer)
    assert seldom.total <= often.total + 1e-9


@given(businesses, intervals)
def test_a_304_never_costs_more_than_a_whole_answer(business: Business, seconds: float) -> None:
    plan = plan_of(business)
    assert plan.bill("304/delta", seconds).total <= plan.bill("polling", seconds).total + 1e-9


@given(businesses)
def test_a_push_does_not_depend_on_an_interval(business: Business) -> None:
    plan = plan_of(business)
    assert plan.bill("Socket.IO", 1.0).total == plan.bill("Socket.IO", 100.0).total


@given(businesses)
def test_windows_never_send_more_batches_than_events_nor_more_than_ten_a_second(business: Business) -> None:
    for peak in (False, True):
        events = business.connections * business.venue_events * (business.peak if peak else 1)
        assert business.deliveries(peak) <= events
        assert business.deliveries(peak) <= business.connections / WINDOW_SECONDS


@given(businesses)
def test_at_the_break_even_both_ways_cost_the_same(business: Business) -> None:
    plan = plan_of(business)
    interval = plan.break_even("polling")
    if interval is not None and 0.2 < interval < 3000:
        assert plan.saving("polling", interval * 0.97).dollars > 0 or plan.saving("polling", interval).dollars <= 0
        assert plan.saving("polling", interval * 1.03).dollars <= 1e-6


@given(businesses, st.floats(1.1, 20.0))
def test_each_way_of_pushing_is_reckoned_by_its_own_figures(business: Business, heavier: float) -> None:
    dearer = replace(
        MEASURED.streams,
        **{name: getattr(MEASURED.streams, name) * heavier for name in ("delivery_bytes", "delivery_cpu")},
    )
    changed = replace(MEASURED, streams=dearer)
    before, after = (load_of("SSE", business, seen, 3.0, 1e4) for seen in (MEASURED, changed))
    assert (after.cpu_peak, after.bytes_out) > (before.cpu_peak, before.bytes_out)
    assert load_of("Socket.IO", business, changed, 3.0, 1e4) == load_of("Socket.IO", business, MEASURED, 3.0, 1e4)


def test_the_smallest_number_of_tasks_is_the_one_that_survives_a_node() -> None:
    load = load_of("Socket.IO", Business(restaurants=1), MEASURED, 3.0, 1e4)
    assert tasks_for(load, pushes=True) == 2
    assert tasks_for(load, pushes=False) == 0


def test_a_load_balancer_unit_is_the_largest_of_its_four_measures() -> None:
    load = Load(0, 0, 0, 0, requests_a_second=500, bytes_out=2e9, new_connections=5, connections=600)
    assert load.lcus(3600) == pytest.approx(2.0)  # 2 GB in an hour
    assert replace(load, bytes_out=0).lcus(3600) == pytest.approx(0.5)  # of 1000 requests


def test_a_database_is_as_large_as_its_polls_want_it() -> None:
    assert database_for(0.0, "db.t4g.micro") == "db.t4g.micro"
    assert database_for(0.15, "db.t4g.micro") == "db.t4g.small"
    assert database_for(0.0, "db.t4g.medium") == "db.t4g.medium"
    assert database_for(99.0, "db.t4g.micro") == DATABASES[-1][0]


def test_the_seeds_tables_add_up_and_its_headline_is_one_figure() -> None:
    assert [seed.summed(size) for size in seed.SIZES] == [size.total for size in seed.SIZES]
    low, high = seed.savings()
    assert low == pytest.approx(0.529, abs=0.001)
    assert high == pytest.approx(low, abs=0.001)
    assert len(seed.quarrels(60.74, 30.37, 14.42)) == 8


def test_the_measured_plan_reaches_what_was_asked() -> None:
    medium = plan_of(Business(restaurants=100), shape=MEDIUM)
    assert medium.bill("Socket.IO").total < 400
    assert medium.saving("polling").of_delivery > 0.5
    assert 105 <= plan_of(Business(restaurants=20), shape=SMALL).bill("Socket.IO").total <= 145
    assert plan_of(Business(restaurants=200), shape=LARGE).bill("Socket.IO").total < 950
