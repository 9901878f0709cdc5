"""The payment axis, given/when/then: sums never run over, and fulfilment never moves."""

import pytest

from infra.deciding import GIVEN, PLACED, READY, TOTALS, after, decided, fold, place, refused, totals
from order_api.bodies import NewTotals
from order_api.commands import Authorize, Capture, Command, Refund, StateTotals, VoidPayment

FOREIGN_TIP = NewTotals.model_validate({**TOTALS, "tip": {"amount": 1, "currency": "USD"}})
PAID = (*PLACED, Capture(2200, "EUR"))


@pytest.mark.parametrize(
    ("commands", "payment", "sums"),
    [
        ((Authorize(2200, "EUR"),), "authorized", (2200, 0, 0)),
        ((Authorize(2200, "EUR"), Capture(2200, "EUR")), "paid", (0, 2200, 0)),
        ((Authorize(2200, "EUR"), Capture(1000, "EUR")), "partially_paid", (1200, 1000, 0)),
        ((Authorize(2200, "EUR"), Capture(1000, "EUR"), VoidPayment()), "partially_paid", (0, 1000, 0)),
        ((Authorize(2200, "EUR"), VoidPayment()), "voided", (0, 0, 0)),
        ((Authorize(2200, "EUR"), VoidPayment(), Capture(2200, "EUR")), "paid", (0, 2200, 0)),
        ((Capture(2200, "EUR"),), "paid", (0, 2200, 0)),
        ((Capture(700, "EUR"), Capture(1500, "EUR")), "paid", (0, 2200, 0)),
        ((Capture(2200, "EUR"), Refund(200, "EUR")), "partially_refunded", (0, 2200, 200)),
        ((Capture(2200, "EUR"), Refund(200, "EUR"), Refund(2000, "EUR")), "refunded", (0, 2200, 2200)),
        ((Capture(2200, "EUR"), Refund(2200, "EUR"), Capture(2200, "EUR")), "paid", (0, 4400, 2200)),
        ((Capture(2200, "EUR"), Refund(2200, "EUR"), Authorize(1, "EUR")), "authorized", (1, 2200, 2200)),
        ((Capture(2200, "EUR"), StateTotals(totals(total=2500))), "partially_paid", (0, 2200, 0)),
        ((Capture(1100, "EUR"), StateTotals(totals(total=1100))), "paid", (0, 1100, 0)),
        ((Authorize(2200, "EUR"), VoidPayment(), StateTotals(totals(total=100))), "voided", (0, 0, 0)),
    ],
)
def test_sums_and_state_follow_from_what_was_paid(
    commands: tuple[Command, ...], payment: str, sums: tuple[int, int, int]
) -> None:
    order = fold(*PLACED, *commands)
    names = ("authorized", "captured", "refunded")
    assert order["payment"] == payment
    assert order["payments"] == {"currency": "EUR", **dict(zip(names, sums, strict=True))}


@pytest.mark.parametrize(
    ("given", "command", "code"),
    [
        (PLACED, Authorize(2201, "EUR"), "overpaid"),
        (PLACED, Capture(2201, "EUR"), "overpaid"),
        ((*PLACED, Authorize(2200, "EUR")), Authorize(1, "EUR"), "overpaid"),
        ((*PLACED, Capture(2000, "EUR")), Capture(201, "EUR"), "overpaid"),
        ((*PLACED, Capture(2000, "EUR")), Authorize(201, "EUR"), "overpaid"),
        (PLACED, Refund(1, "EUR"), "over_refunded"),
        ((*PLACED, Authorize(2200, "EUR")), Refund(1, "EUR"), "over_refunded"),
        ((*PAID, Refund(2000, "EUR")), Refund(201, "EUR"), "over_refunded"),
        (PLACED, Capture(100, "USD"), "currency_mismatch"),
        (PLACED, Authorize(100, "USD"), "currency_mismatch"),
        (PAID, Refund(100, "USD"), "currency_mismatch"),
        (PAID, Refund(100, "EUR", ("soup",)), "item_not_found"),
        (PAID, StateTotals(FOREIGN_TIP), "currency_mismatch"),
        (PAID, VoidPayment(), "transition_not_allowed"),
        (PLACED, VoidPayment(), "transition_not_allowed"),
        ((place(totals=None),), Capture(100, "EUR"), "totals_missing"),
    ],
)
def test_what_would_run_over_or_has_no_ground_is_refused(
    given: tuple[Command, ...], command: Command, code: str
) -> None:
    assert refused(fold(*given), command).code == code


@pytest.mark.parametrize("given", GIVEN)
def test_money_is_taken_and_given_back_whatever_became_of_the_order(given: str) -> None:
    order = fold(*GIVEN[given])
    for command in (Authorize(2200, "EUR"), Capture(2200, "EUR"), Refund(200, "EUR"), StateTotals(totals(total=2000))):
        paid = after(order, command)
        untouched = ("status", "status_since", "items")
        assert {name: paid[name] for name in untouched} == {name: order[name] for name in untouched}
        assert decided(order, command).stations == ()
        order = paid
    assert order["payment"] == "paid"


def test_a_refund_marks_the_lines_that_it_names() -> None:
    order = fold(*READY, Capture(2200, "EUR"), Refund(300, "EUR", ("cola",), "flat"))
    assert (order["items"]["cola"]["refunded"], order["items"]["cola"]["state"]) == (True, "ready")
    assert "refunded" not in order["items"]["pizza"]


def test_totals_that_are_stated_anew_replace_all_parts() -> None:
    before = fold(*PLACED, StateTotals(totals(subtotal=2000, tax=200, total=2200)))
    order = after(before, StateTotals(totals(total=2500, tip=300)))
    money = {name: {"amount": amount, "currency": "EUR"} for name, amount in {"total": 2500, "tip": 300}.items()}
    assert order["totals"] == {**money, "mismatch": False}
    assert order["payment"] == "unpaid"
    assert after(order, StateTotals(totals(subtotal=2200, total=2500)))["totals"]["mismatch"] is True
