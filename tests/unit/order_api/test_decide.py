"""The business rules, given/when/then: each transition, each refusal, and what holds for all sequences."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import ValidationError

from order_api.bodies import PlaceOrder
from order_api.commands import Accept, Cancel, Command, Complete, MakeReady, Place, Recall, Reject, Start
from order_api.decide import Decision, Refusal, decide
from order_contracts.fold import merge_patch
from order_contracts.order import Order

NOW = datetime(2026, 11, 20, 18, 25, tzinfo=UTC)
PIZZA = {"line_id": "pizza", "name": "Margherita", "quantity": "2", "unit_price": {"amount": 950, "currency": "EUR"}}
COLA = {"line_id": "cola", "name": "Cola", "quantity": "1", "unit_price": {"amount": 300, "currency": "EUR"}}
BODY = {"business_date": "2026-11-20", "items": [{**PIZZA, "station": "oven"}, {**COLA, "station": "bar"}]}


def place(**changes: Any) -> Place:
    return Place("o1", "v1", "org", PlaceOrder.model_validate({**BODY, **changes}))


def fold(*commands: Command) -> dict[str, Any]:
    """The order that these commands, all allowed, leave."""
    order: dict[str, Any] | None = None
    for number, command in enumerate(commands, start=1):
        decision = decide(order, command, NOW)
        assert isinstance(decision, Decision), decision
        order = merge_patch(order, {**decision.change, "version": number, "updated_at": NOW.isoformat()})
    assert order is not None
    return order


PLACED = (place(),)
ACCEPTED = (*PLACED, Accept())
PREPARING = (*ACCEPTED, Start())
READY = (*PREPARING, MakeReady())
COMPLETED = (*READY, Complete())
REJECTED = (*PLACED, Reject("closed"))
CANCELLED = (*PLACED, Cancel("guest left"))
GIVEN = {
    "placed": PLACED,
    "accepted": ACCEPTED,
    "preparing": PREPARING,
    "ready": READY,
    "completed": COMPLETED,
    "rejected": REJECTED,
    "cancelled": CANCELLED,
}
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
    order = fold(place(totals={"total": {"amount": 2200, "currency": "EUR"}}, allergens=["peanut"]))
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
    decision = decide(fold(*PREPARING), MakeReady("pizza"), NOW)
    assert isinstance(decision, Decision)
    assert decision.stations == ("oven",)


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
    assert list(body.lines()) == ["2", "1", "3"]


LINES = st.sampled_from([None, "pizza", "cola", "soup"])
COMMANDS = st.one_of(
    st.builds(Accept),
    st.builds(Reject, st.just("r")),
    st.builds(Start, LINES),
    st.builds(MakeReady, LINES),
    st.builds(Complete),
    st.builds(Cancel, st.just("r")),
    st.builds(Recall, st.none() | st.just(("pizza",)) | st.just(("soup",))),
)


class Sequences(RuleBasedStateMachine):
    """Whatever is asked in whatever order, what is decided is a legal order."""

    @initialize()
    def start(self) -> None:
        self.order, self.closed = fold(place()), False

    @rule(command=COMMANDS)
    def ask(self, command: Command) -> None:
        before = self.order["status"]
        decision = decide(self.order, command, NOW)
        if isinstance(decision, Refusal):
            assert decision.detail
            return
        assert decision.change, "an event changes something"
        self.order = merge_patch(self.order, {**decision.change, "version": self.order["version"] + 1})
        assert before not in {"rejected", "cancelled"}, "a closed order moved"

    @invariant()
    def it_is_an_order(self) -> None:
        Order.model_validate(self.order)

    @invariant()
    def status_follows_items(self) -> None:
        states = {item["state"] for item in self.order["items"].values()}
        if self.order["status"] == "ready":
            assert states <= {"ready", "served"}
        if self.order["status"] == "preparing":
            assert states & {"new", "preparing"}


Sequences.TestCase.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
TestSequences = Sequences.TestCase
