"""An order's lines and details, given/when/then."""

from typing import Any

import pytest

from infra.deciding import (
    ACCEPTED,
    COMPLETED,
    GIVEN,
    PLACED,
    PREPARING,
    READY,
    SCHEDULED,
    after,
    decided,
    fold,
    place,
    refused,
    soup,
)
from order_api.commands import (
    AddItems,
    ChangeItem,
    ChangeNotes,
    Command,
    Delay,
    FireItem,
    HoldItem,
    MakeReady,
    MoveTable,
    Recall,
    ServeItem,
    SetPriority,
    Start,
    VoidItem,
)
from order_contracts.order import Order

CLOSED = ("completed", "rejected", "cancelled", "failed")


def states(order: dict[str, Any]) -> dict[str, str]:
    return {line: item["state"] for line, item in order["items"].items()}


@pytest.mark.parametrize("given", [SCHEDULED, PLACED, ACCEPTED, PREPARING])
def test_added_lines_are_numbered_and_move_nothing(given: tuple[Command, ...]) -> None:
    order = fold(*given)
    changed = after(order, AddItems((soup(), soup(line_id="1"), soup(state="held"))))
    assert list(changed["items"]) == ["pizza", "cola", "2", "1", "3"]
    assert (changed["status"], changed["items"]["3"]["state"]) == (order["status"], "held")
    assert decided(order, AddItems((soup(),))).stations == ("stove",)


def test_a_line_added_to_a_ready_order_takes_it_back_to_preparing() -> None:
    order = after(fold(*READY), AddItems((soup(),)))
    assert order["status"] == "preparing"
    assert after(order, Start())["items"]["1"]["state"] == "preparing"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ((soup(line_id="pizza"),), "line_exists"),
        ((soup(unit_price={"amount": 600, "currency": "USD"}),), "currency_mismatch"),
        ((soup(modifiers=[{"name": "x", "unit_price": {"amount": 1, "currency": "USD"}}]),), "currency_mismatch"),
        (tuple(soup() for _ in range(199)), "too_many_lines"),
    ],
)
def test_lines_that_do_not_fit_the_order_are_refused(items: Any, code: str) -> None:
    refusal = refused(fold(*PLACED), AddItems(items))
    assert (refusal.code, refusal.field) == (code, "items")


def test_a_changed_line_keeps_what_is_not_named() -> None:
    order = fold(place(items=[{**soup().model_dump(mode="json", exclude_none=True), "line_id": "s", "notes": "hot"}]))
    changed = after(order, ChangeItem("s", {"quantity": "3", "notes": None}))["items"]["s"]
    assert changed == {**{k: v for k, v in order["items"]["s"].items() if k != "notes"}, "quantity": "3"}


def test_changed_modifiers_replace_those_before_in_the_orders_currency() -> None:
    modifiers = [{"name": "basil", "action": "remove", "quantity": "1"}]
    order = after(fold(*PREPARING), ChangeItem("pizza", {"modifiers": modifiers}))
    assert (order["items"]["pizza"]["modifiers"], order["status"]) == (modifiers, "preparing")
    foreign = [{**modifiers[0], "unit_price": {"amount": 1, "currency": "USD"}}]
    refusal = refused(order, ChangeItem("pizza", {"modifiers": foreign}))
    assert (refusal.code, refusal.field) == ("currency_mismatch", "modifiers")


def test_a_line_that_is_made_is_not_changed_any_more() -> None:
    refusal = refused(fold(*PREPARING, MakeReady("pizza")), ChangeItem("pizza", {"quantity": "3"}))
    assert (refusal.code, refusal.field) == ("transition_not_allowed", "line_id")
    assert "it must be held or new or preparing" in refusal.detail


def test_a_held_line_is_fired_before_the_kitchen_starts_it() -> None:
    held = after(fold(*ACCEPTED), HoldItem("cola"))
    assert (held["status"], states(held)) == ("accepted", {"pizza": "new", "cola": "held"})
    fired = after(held, FireItem("cola"))
    assert states(fired) == {"pizza": "new", "cola": "new"}
    assert refused(fired, FireItem("cola")).code == "transition_not_allowed"
    assert refused(fold(*PREPARING), HoldItem("cola")).code == "transition_not_allowed"


def test_a_ready_line_is_served_while_others_are_prepared() -> None:
    order = after(fold(*PREPARING, MakeReady("cola")), ServeItem("cola"))
    assert (order["status"], states(order)) == ("preparing", {"pizza": "preparing", "cola": "served"})
    assert refused(order, ServeItem("pizza")).code == "transition_not_allowed"


def test_a_voided_line_says_why_and_counts_no_more() -> None:
    order = after(fold(*PREPARING, MakeReady("pizza")), VoidItem("cola", "out of cola"))
    assert (order["status"], order["items"]["cola"]["void_reason"]) == ("ready", "out of cola")
    assert refused(order, VoidItem("cola", "again")).code == "transition_not_allowed"
    assert decided(order, VoidItem("pizza", "burnt")).reason == "burnt"


@pytest.mark.parametrize("given", [SCHEDULED, PLACED, ACCEPTED, PREPARING, READY])
def test_the_last_line_that_is_voided_cancels_the_order(given: tuple[Command, ...]) -> None:
    order = after(fold(*given), VoidItem("pizza", "r"))
    assert order["status"] == fold(*given)["status"]
    assert after(order, VoidItem("cola", "r"))["status"] == "cancelled"


@pytest.mark.parametrize(
    "command",
    [ChangeItem("x", {}), HoldItem("x"), FireItem("x"), VoidItem("x", "r"), Start("x"), MakeReady("x")],
)
def test_a_line_that_is_not_there_is_named(command: Command) -> None:
    refusal = refused(fold(*ACCEPTED), command)
    assert (refusal.code, refusal.field) == ("item_not_found", "line_id")


def test_another_table_replaces_the_one_before_whole() -> None:
    order = fold(place(table={"label": "12", "area": "terrace"}), MoveTable("7"))
    assert order["table"] == {"label": "7"}


def test_notes_and_allergens_are_changed_apart() -> None:
    order = fold(place(notes="hot", allergens=["peanut"]), ChangeNotes({"notes": None}))
    assert ("notes" in order, order["allergens"]) == (False, ["peanut"])
    assert after(order, ChangeNotes({"allergens": []}))["allergens"] == []


def test_priority_and_promised_time_are_the_last_ones_said() -> None:
    order = fold(*PREPARING, SetPriority(5), Delay("2026-11-20T19:05:00.000Z", "the oven is full"))
    document = Order.model_validate(order)
    assert (document.priority, order["promised_at"], document.status) == (5, "2026-11-20T19:05:00.000Z", "preparing")
    assert decided(order, Delay("2026-11-20T19:15:00.000Z", "still")).stations == ("bar", "oven")


@pytest.mark.parametrize("given", CLOSED)
@pytest.mark.parametrize(
    "command",
    [
        AddItems((soup(),)),
        ChangeItem("pizza", {"quantity": "1"}),
        HoldItem("pizza"),
        FireItem("pizza"),
        ServeItem("pizza"),
        VoidItem("pizza", "r"),
        MoveTable("7"),
        ChangeNotes({"notes": "n"}),
        SetPriority(1),
        Delay("2026-11-20T19:05:00.000Z"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_closed_orders_lines_and_details_stay(given: str, command: Command) -> None:
    refusal = refused(fold(*GIVEN[given]), command)
    assert (refusal.code, refusal.field) == ("transition_not_allowed", "status")
    assert given in refusal.detail


def test_a_recalled_order_can_be_changed_again() -> None:
    recalled = fold(*COMPLETED, Recall(line_id="pizza"))
    assert after(recalled, AddItems((soup(),)))["status"] == "preparing"
    assert after(recalled, ChangeItem("pizza", {"quantity": "1"}))["items"]["pizza"]["quantity"] == "1"
