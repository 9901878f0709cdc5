"""POS adapters, the pure part: what a payload states, and the steps from our order to it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from infra.square import LOCATION, SIGNATURE_KEY, euros, line, signature, square_order, webhook
from order_api.bodies import PlaceOrder
from order_api.commands import Place
from order_api.decide import Decision, decide
from order_api.pos.plan import PLACE, Intent, plan, timed
from order_api.pos.snapshot import Snapshot, read_snapshot
from order_api.pos.square_order import read_order
from order_api.pos.square_webhook import Notice, is_signed, read_notice
from order_api.pos.stated import Aside, Stated
from order_api.problems import Problem
from order_api.verbs import verbs
from order_contracts.events import timestamp
from order_contracts.fold import merge_patch

ROME = ZoneInfo("Europe/Rome")
URL = "https://orders.example/v1/pos/square/v1"
NOW = datetime.now(UTC)
VERBS = {verb.name: verb for verb in verbs()}
SNAPSHOT: dict[str, Any] = {
    "source": "toast",
    "id": "c0ffee",
    "modified_at": "2026-11-24T18:30:00.250Z",
    "opened_at": "2026-11-24T18:25:00Z",
    "business_date": NOW.date().isoformat(),
    "state": "received",
    "lines": [
        {"line_id": "a", "name": "Margherita", "quantity": "2", "unit_price": euros(950)},
        {"line_id": "b", "name": "Cola", "quantity": "1", "unit_price": euros(300)},
    ],
    "totals": {"total": euros(2200)},
}


def stated(order: dict[str, Any]) -> Stated:
    read = read_order(order, ROME)
    assert isinstance(read, Stated), read
    return read


def snapshot(**changes: Any) -> Stated:
    return read_snapshot(Snapshot.model_validate({**SNAPSHOT, **changes}))


def carried_out(intents: list[Intent], order: dict[str, Any] | None = None) -> dict[str, Any]:
    """The order that the rules themselves make of some steps."""
    for intent in intents:
        if intent.verb == PLACE:
            command: Any = Place("o", "v1", "g", PlaceOrder.model_validate(intent.body).order())
        else:
            verb = VERBS[intent.verb]
            command = verb.command(verb.body.model_validate(intent.body), intent.target)
        decision = decide(order, command, NOW)
        assert isinstance(decision, Decision), (intent, decision)
        order = merge_patch(order, decision.change)
    assert order is not None
    return order


def verbs_of(intents: list[Intent]) -> list[str]:
    return [f"{intent.verb} {intent.target}".strip() for intent in intents]


PAID = {"tenders": [{"amount_money": euros(2200), "card_details": {"status": "CAPTURED"}}]}


@pytest.mark.parametrize(
    ("order", "status", "payment"),
    [
        (square_order("o", fulfillment="PROPOSED"), "placed", "unpaid"),
        (square_order("o", fulfillment="RESERVED"), "accepted", "unpaid"),
        (square_order("o", fulfillment="PREPARED"), "ready", "unpaid"),
        (square_order("o", fulfillment="COMPLETED", **PAID), "completed", "paid"),
        (square_order("o", fulfillment="CANCELED"), "cancelled", "unpaid"),
        (square_order("o", fulfillment="FAILED"), "failed", "unpaid"),
        (square_order("o", fulfillment="A_NEW_STATE"), "placed", "unpaid"),
        (square_order("o", fulfillment="PREPARED", state="CANCELED"), "cancelled", "unpaid"),
        # paid is not cooked
        (square_order("o", fulfillment="RESERVED", state="COMPLETED", **PAID), "accepted", "paid"),
        (square_order("o", fulfillment=None, state="COMPLETED", **PAID), "placed", "paid"),
        (
            square_order("o", tenders=[{"amount_money": euros(2200), "card_details": {"status": "AUTHORIZED"}}]),
            "placed",
            "unpaid",
        ),
        (square_order("o", refunds=[{"amount_money": euros(500), "status": "COMPLETED"}], **PAID), "placed", "part"),
    ],
)
def test_a_square_order_is_where_its_fulfillment_is_and_paid_as_its_tenders(
    order: dict[str, Any], status: str, payment: str
) -> None:
    ours = carried_out(plan(None, stated(order)))
    assert (ours["status"], ours["payment"][: len(payment)]) == (status, payment)


def for_later(moment: datetime, state: str = "PROPOSED", **details: Any) -> dict[str, Any]:
    pickup = {"pickup_at": moment.isoformat(), **details}
    return square_order("o", fulfillments=[{"type": "PICKUP", "state": state, "pickup_details": pickup}])


@pytest.mark.parametrize("kind", [{}, {"schedule_type": "SCHEDULED"}])
def test_an_order_for_later_waits_though_the_pos_has_taken_it(kind: dict[str, str]) -> None:
    tomorrow = NOW + timedelta(days=1)
    ours = carried_out(plan(None, timed(stated(for_later(tomorrow, "RESERVED", **kind)), NOW)))
    assert (ours["status"], ours["scheduled_for"]) == ("scheduled", timestamp(tomorrow))
    assert plan(ours, stated(for_later(tomorrow, "RESERVED"))) == []
    made = plan(ours, stated(for_later(tomorrow, "PREPARED")))
    assert verbs_of(made) == ["release_order", "accept_order", "ready_order"]
    assert carried_out(made, ours)["status"] == "ready"
    assert verbs_of(plan(ours, stated(for_later(tomorrow, "CANCELED")))) == ["cancel_order"]


@pytest.mark.parametrize(
    ("ahead", "kind"),
    [
        (timedelta(days=1), {"schedule_type": "ASAP"}),
        (timedelta(seconds=30), {}),
        (-timedelta(hours=1), {}),
        (timedelta(days=400), {}),
    ],
)
def test_an_order_whose_time_is_now_past_or_years_away_is_placed(ahead: timedelta, kind: dict[str, str]) -> None:
    ours = carried_out(plan(None, timed(stated(for_later(NOW + ahead, **kind)), NOW)))
    assert (ours["status"], ours["promised_at"]) == ("placed", timestamp(NOW + ahead))


def test_a_snapshot_for_later_waits_until_the_pos_prepares_it() -> None:
    later = {"scheduled_for": (NOW + timedelta(hours=3)).isoformat()}
    ours = carried_out(plan(None, timed(snapshot(**later, state="accepted"), NOW)))
    assert ours["status"] == "scheduled"
    assert verbs_of(plan(ours, snapshot(**later, state="in_preparation"))) == [
        "release_order",
        "accept_order",
        "start_order",
    ]


def test_of_several_fulfillments_the_slowest_counts() -> None:
    states = [{"state": state} for state in ("COMPLETED", "RESERVED", "CANCELED")]
    assert stated(square_order("o", fulfillments=states)).status == "accepted"


def test_what_square_says_of_an_order_is_kept() -> None:
    extra = line(
        "x y", "Pizza", "0.5", note="well done", variation_name="large", modifiers=[{"name": "olives", "quantity": "2"}]
    )
    ours = carried_out(plan(None, stated(square_order("o", line_items=[extra], ticket_name="Ada's"))))
    (item,) = ours["items"].values()
    assert (item["name"], item["quantity"], item["notes"]) == ("Pizza, large", "0.5", "well done")
    assert item["modifiers"][0]["name"] == "olives"
    assert (ours["guest"], ours["notes"], ours["display_number"]) == ({"name": "Ada"}, "no napkins", "Ada's")
    assert (ours["dining_option"], ours["external_ref"]) == ("pickup", {"source": "square", "id": "o"})
    assert ours["totals"]["total"] == euros(2200)


def test_the_business_day_is_the_venues() -> None:
    late = square_order("o", created_at="2026-11-24T23:30:00Z")
    assert stated(late).placement["business_date"] == "2026-11-25"


def test_a_draft_is_nobodys_business_yet() -> None:
    assert isinstance(read_order(square_order("o", state="DRAFT"), ROME), Aside)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"line_items": [line("a", "Pizza", "many")]}, "quantity"),
        ({"line_items": [{"uid": "a"}]}, "line_items.0.quantity"),
        ({"created_at": "yesterday"}, "created_at"),
    ],
)
def test_an_order_that_can_not_be_read_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem, match=field):
        read_order(square_order("o", **changes), ROME)


@pytest.mark.parametrize("kind", ["order.created", "order.updated", "order.fulfillment.updated"])
def test_a_webhook_names_the_order_and_its_version(kind: str) -> None:
    notice = read_notice(webhook(square_order("o", 7), kind), LOCATION)
    assert isinstance(notice, Notice)
    assert (notice.order_id, notice.version) == ("o", 7)


def test_webhooks_of_other_things_and_places_are_set_aside() -> None:
    assert isinstance(read_notice(webhook(square_order("o"), "payment.updated"), LOCATION), Aside)
    assert isinstance(read_notice(webhook(square_order("o")), "ELSEWHERE"), Aside)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"type": "order.updated"}', b"[" * 100_000, b"\xff"])
def test_a_webhook_that_is_none_is_a_problem(body: bytes) -> None:
    with pytest.raises(Problem):
        read_notice(body, LOCATION)


def test_only_squares_signature_for_this_address_and_body_holds() -> None:
    body = b'{"a": 1}'
    good = signature(URL, body)
    assert is_signed(good, key=SIGNATURE_KEY, url=URL, body=body)
    for wrong in (
        None,
        "",
        good[:-1],
        good + "=",
        "é",
        signature(URL, body, "another key"),
        signature("http://x", body),
    ):
        assert not is_signed(wrong, key=SIGNATURE_KEY, url=URL, body=body)
    assert not is_signed(good, key=SIGNATURE_KEY, url=URL, body=body + b" ")


def test_a_snapshot_that_says_what_we_have_gives_no_step() -> None:
    first = snapshot()
    assert plan(carried_out(plan(None, first)), first) == []
    whole = snapshot(state="closed", paid=euros(2200), table={"label": "12"}, notes="quick", allergens=["peanut"])
    assert plan(carried_out(plan(None, whole)), whole) == []


def test_what_differs_in_a_snapshot_becomes_steps() -> None:
    ours = carried_out(plan(None, snapshot()))
    a = {**SNAPSHOT["lines"][0], "quantity": "3", "notes": "no basil", "modifiers": [{"name": "olives"}]}
    c = {"line_id": "c", "name": "Tiramisù", "quantity": "1", "unit_price": euros(600)}
    now = snapshot(
        lines=[a, {**SNAPSHOT["lines"][1], "voided": True}, c],
        totals={"total": euros(3450)},
        paid=euros(1000),
        state="in_preparation",
        table={"label": "7"},
    )
    steps = plan(ours, now)
    assert verbs_of(steps) == [
        "add_items",
        "change_item a",
        "void_item b",
        "move_table",
        "state_totals",
        "capture_payment",
        "accept_order",
        "start_order",
    ]
    after = carried_out(steps, ours)
    assert (after["status"], after["payment"]) == ("preparing", "partially_paid")
    assert {line_id: item["state"] for line_id, item in after["items"].items()} == {
        "a": "preparing",
        "b": "voided",
        "c": "preparing",
    }
    assert plan(after, now) == []


@pytest.mark.parametrize("state", ["received", "accepted", "in_preparation", "ready_for_pickup"])
def test_a_pos_that_is_behind_does_not_take_back_what_the_kitchen_did(state: str) -> None:
    ready = carried_out(plan(None, snapshot(state="ready_for_pickup")))
    assert plan(ready, snapshot(state=state)) == []


def test_an_order_whose_lines_are_all_voided_is_cancelled() -> None:
    ours = carried_out(plan(None, snapshot()))
    gone = snapshot(lines=[{**one, "voided": True} for one in SNAPSHOT["lines"]])
    assert verbs_of(plan(ours, gone)) == ["cancel_order"]
    assert plan(None, gone) == []


def test_a_completed_order_is_not_touched_but_for_its_money() -> None:
    closed = carried_out(plan(None, snapshot(state="closed", paid=euros(2200))))
    after = snapshot(state="closed", paid=euros(2200), refunded=euros(300), lines=SNAPSHOT["lines"][:1])
    assert verbs_of(plan(closed, after)) == ["refund_payment"]
