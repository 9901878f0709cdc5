"""Placing, and the order's way through the kitchen, given/when/then: each transition, each refusal."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from infra.deciding import (
    ACCEPTED,
    BODY,
    COLA,
    GIVEN,
    NOW,
    PIZZA,
    PREPARING,
    READY,
    after,
    decided,
    fold,
    place,
    refused,
)
from order_api.bodies import PlaceOrder
from order_api.commands import (
    Accept,
    Cancel,
    Capture,
    Command,
    Complete,
    Fail,
    HoldItem,
    MakeReady,
    Recall,
    Reject,
    Release,
    SetPriority,
    Start,
)
from order_api.decide import Decision, Refusal, decide
from order_contracts.fold import merge_patch
from order_contracts.order import Order

WHEN: dict[str, Command] = {
    "accept": Accept(),
    "reject": Reject("no"),
    "start": Start(),
    "start pizza": Start("pizza"),
    "ready": MakeReady(),
    "pizza ready": MakeReady("pizza"),
    "complete": Complete(),
    "cancel": Cancel("no"),
    "recall": Recall(),
    "release": Release(),
    "fail": Fail("no"),
    "oven ready": MakeReady(station="oven"),
    "oven recall": Recall(station="oven"),
    "recall pizza": Recall(line_id="pizza"),
}
THEN = {
    ("placed", "accept"): ("accepted", "accepted"),
    ("placed", "reject"): ("rejected", "rejected"),
    ("placed", "cancel"): ("cancelled", "cancelled"),
    ("accepted", "start"): ("started", "preparing"),
    ("accepted", "start pizza"): ("item_started", "preparing"),
    ("accepted", "ready"): ("ready", "ready"),
    ("accepted", "pizza ready"): ("item_ready", "preparing"),
    ("accepted", "complete"): ("completed", "completed"),
    ("accepted", "cancel"): ("cancelled", "cancelled"),
    ("preparing", "ready"): ("ready", "ready"),
    ("preparing", "pizza ready"): ("item_ready", "preparing"),
    ("preparing", "cancel"): ("cancelled", "cancelled"),
    ("ready", "complete"): ("completed", "completed"),
    ("ready", "cancel"): ("cancelled", "cancelled"),
    ("ready", "recall"): ("recalled", "preparing"),
    ("completed", "recall"): ("recalled", "preparing"),
    ("scheduled", "release"): ("released", "placed"),
    ("scheduled", "cancel"): ("cancelled", "cancelled"),
    ("placed", "fail"): ("failed", "failed"),
    ("accepted", "fail"): ("failed", "failed"),
    ("accepted", "oven ready"): ("station_ready", "preparing"),
    ("preparing", "oven ready"): ("station_ready", "preparing"),
    ("ready", "oven recall"): ("station_recalled", "preparing"),
    ("completed", "oven recall"): ("station_recalled", "preparing"),
    ("ready", "recall pizza"): ("item_recalled", "preparing"),
    ("completed", "recall pizza"): ("item_recalled", "preparing"),
}


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("given", GIVEN)
def test_every_command_in_every_status_is_decided_or_refused(given: str, when: str) -> None:
    order = fold(*GIVEN[given])
    decision = decide(order, WHEN[when], NOW)
    expected = THEN.get((given, when))
    if expected is None:
        assert isinstance(decision, Refusal)
        assert decision.code == "transition_not_allowed"
        assert given in decision.detail or "pizza" in decision.detail
    else:
        assert isinstance(decision, Decision)
        assert (decision.name, merge_patch(order, decision.change)["status"]) == expected


def test_a_placed_order_is_a_whole_document() -> None:
    order = fold(place(allergens=["peanut"]))
    document = Order.model_validate(order)
    assert document.items["pizza"].state == "new"
    assert (document.status, document.payment, document.placed_at) == ("placed", "unpaid", NOW)


def test_the_last_item_that_is_ready_makes_the_order_ready() -> None:
    order = fold(*PREPARING, MakeReady("pizza"), MakeReady("cola"))
    assert order["status"] == "ready"


def test_one_recalled_line_leaves_the_others_as_they_were() -> None:
    order = fold(*READY, Recall(("pizza",)))
    assert (order["status"], order["items"]["pizza"]["state"], order["items"]["cola"]["state"]) == (
        "preparing",
        "preparing",
        "ready",
    )


def test_an_event_of_one_line_touches_that_lines_station_only() -> None:
    assert decided(fold(*PREPARING), MakeReady("pizza")).stations == ("oven",)


def test_a_line_that_is_not_there_is_named() -> None:
    assert decide(fold(*PREPARING), MakeReady("soup"), NOW) == Refusal(
        "item_not_found", "the order has no line soup", field="line_id"
    )


def test_nothing_can_be_done_to_an_order_that_is_not_there() -> None:
    for command in WHEN.values():
        decision = decide(None, command, NOW)
        assert isinstance(decision, Refusal)
        assert decision.code == "order_not_found"


@pytest.mark.parametrize(("days", "allowed"), [(-3, False), (-2, True), (0, True), (1, True), (2, False)])
def test_business_dates_that_could_make_twins_are_refused(days: int, allowed: bool) -> None:
    business_date = (NOW + timedelta(days=days)).date().isoformat()
    decision = decide(None, place(business_date=business_date), NOW)
    assert isinstance(decision, Decision) is allowed


@pytest.mark.parametrize(
    ("totals", "mismatch"),
    [
        ({"subtotal": 2200, "tax": 200, "total": 2400}, False),
        ({"subtotal": 2200, "discount": 200, "total": 2000}, False),
        ({"subtotal": 2200, "total": 2300}, True),
        ({"total": 1}, False),
    ],
)
def test_totals_are_kept_as_stated_and_flagged_when_they_do_not_add_up(totals: dict[str, int], mismatch: bool) -> None:
    stated = {name: {"amount": amount, "currency": "EUR"} for name, amount in totals.items()}
    assert fold(place(totals=stated))["totals"] == {**stated, "mismatch": mismatch}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [{**PIZZA, "unit_price": {"amount": 9.5, "currency": "EUR"}}]}, "amount"),
        ({"items": [{**PIZZA, "unit_price": {"amount": 950, "currency": "euro"}}]}, "currency"),
        ({"items": [{**PIZZA, "quantity": "0"}]}, "quantity"),
        ({"items": [{**PIZZA, "quantity": "-1"}]}, "quantity"),
        ({"items": [PIZZA, PIZZA]}, "line_id pizza is there twice"),
        ({"items": [PIZZA, {**COLA, "unit_price": {"amount": 1, "currency": "USD"}}]}, "one currency"),
        ({"notes": "a\u0000b"}, "notes"),
        ({"allergenes": ["peanut"]}, "allergenes"),
        ({"promised_at": 0}, "promised_at"),
        ({"promised_at": "2026-11-20T18:45:00"}, "promised_at"),
        ({"promised_at": "0001-01-01T00:00:00+14:00"}, "before the year 1"),
        ({"business_date": 20000}, "business_date"),
        ({"items": [{**PIZZA, "seat": False}]}, "seat"),
        ({"items": [{**PIZZA, "course": 100}]}, "course"),
        ({"items": [{**PIZZA, "modifiers": [{"name": "basil", "akshun": "remove"}]}]}, "akshun"),
        (
            {"items": [{**PIZZA, "modifiers": [{"name": "basil", "unit_price": {"amount": 1, "currency": "USD"}}]}]},
            "one",
        ),
        ({"totals": {"total": {"amount": 1, "currency": "EUR"}, "mismatch": True}}, "mismatch"),
    ],
)
def test_a_wrong_body_is_refused_and_the_field_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        place(**changes)


def test_lines_without_an_id_are_numbered_around_those_that_have_one() -> None:
    bare = {name: value for name, value in PIZZA.items() if name != "line_id"}
    body = PlaceOrder.model_validate({**BODY, "items": [bare, {**COLA, "line_id": "1"}, bare]})
    assert list(body.lines()) == list(body.order().document()["items"]) == ["2", "1", "3"]


@pytest.mark.parametrize(
    ("hours", "allowed"), [(-1, False), (0, False), (1, True), (24 * 365, True), (24 * 367, False)]
)
def test_an_order_is_scheduled_for_a_time_ahead_and_not_for_ever(hours: int, allowed: bool) -> None:
    command = place(scheduled_for=(NOW + timedelta(hours=hours)).isoformat())
    if allowed:
        assert fold(command)["status"] == "scheduled"
    else:
        refusal = refused(None, command)
        assert (refusal.code, refusal.field) == ("scheduled_for_out_of_range", "scheduled_for")


def test_a_released_order_is_placed_when_it_is_released() -> None:
    scheduled = fold(place(scheduled_for="2026-11-21T18:00:00Z", placed_at="2026-11-20T09:00:00Z"))
    released = after(scheduled, Release())
    document = Order.model_validate(released)
    assert (document.status, document.placed_at) == ("placed", NOW)
    assert released["scheduled_for"] == "2026-11-21T18:00:00.000Z"


def test_a_held_line_stays_held_when_the_whole_order_moves() -> None:
    order = after(fold(*ACCEPTED, HoldItem("cola")), Start())
    assert order["items"]["cola"]["state"] == "held"
    bumped = after(order, MakeReady())
    assert (bumped["status"], bumped["items"]["cola"]["state"]) == ("preparing", "held")
    assert "goes by itself" in refused(bumped, MakeReady()).detail
    assert after(bumped, MakeReady("cola"))["status"] == "ready"


def test_a_stations_bump_leaves_the_other_stations_lines() -> None:
    order = after(fold(*PREPARING), MakeReady(station="oven"))
    assert {line: item["state"] for line, item in order["items"].items()} == {"pizza": "ready", "cola": "preparing"}
    assert decided(fold(*PREPARING), MakeReady(station="oven")).stations == ("oven",)
    assert after(order, MakeReady(station="bar"))["status"] == "ready"
    assert after(order, Recall(station="oven"))["items"]["pizza"]["state"] == "preparing"
    assert refused(order, MakeReady(station="oven")).code == "transition_not_allowed"


def test_a_station_that_has_nothing_of_the_order_is_named() -> None:
    for command in (MakeReady(station="grill"), Recall(station="grill")):
        refusal = refused(fold(*(PREPARING if isinstance(command, MakeReady) else READY)), command)
        assert (refusal.code, refusal.field) == ("station_not_found", "station")


def test_a_made_line_is_recalled_while_others_are_prepared() -> None:
    order = after(fold(*PREPARING, MakeReady("pizza")), Recall(line_id="pizza"))
    assert (order["status"], order["items"]["pizza"]["state"]) == ("preparing", "preparing")


def test_a_cancelled_order_keeps_its_lines_as_they_were() -> None:
    order = after(fold(*PREPARING), Cancel("guest left"))
    assert {item["state"] for item in order["items"].values()} == {"preparing"}


@pytest.mark.parametrize("given", GIVEN)
def test_every_event_says_the_status_so_that_a_screen_knows_its_business(given: str) -> None:
    order = fold(*GIVEN[given])
    for command in (*WHEN.values(), Capture(1, "EUR"), SetPriority(1), HoldItem("pizza")):
        decision = decide(order, command, NOW)
        assert isinstance(decision, Refusal) or "status" in decision.change
    assert decided(order, Capture(1, "EUR")).change["status"] == given
