"""Erasing a guest: what is decided, what is refused, and what an order is answered with afterwards."""

from typing import Any

import msgspec
import pytest

from infra.deciding import GIVEN, decided, fold, place, refused
from order_api.booked import booked
from order_api.commands import Cancel, ChangeItem, ChangeNotes, Command, EraseGuest, SetPriority
from order_api.order_book import OrderBook
from order_api.pos.plan import Intent, plan
from order_api.pos.stated import Stated
from order_contracts.events import Event, encode_event
from order_contracts.fold import merge_patch
from order_contracts.guest_keys import GuestKeys
from order_contracts.guest_texts import ERASED, GuestTexts, turned
from order_contracts.order import Order
from order_contracts.wire import Envelope

SEAL = GuestTexts(lambda: GuestKeys({"e": bytes(16)}, "e"))
SAID = {"guest": {"name": "Ada"}, "notes": "by the window", "allergens": ["peanut"]}


def texts_of(document: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    turned(document, found.append)
    return found


@pytest.fixture
def order() -> dict[str, Any]:
    placed = fold(place(**SAID))
    return merge_patch(placed, {"items": {"pizza": {"notes": "well done"}}})


@pytest.mark.parametrize("sealed", [False, True])
def test_an_erased_order_keeps_all_but_the_guest_s_texts(order: dict[str, Any], sealed: bool) -> None:
    held = SEAL.sealed("o", order) if sealed else order
    decision = decided(held, EraseGuest("request 7"))
    left = merge_patch(held, decision.change)
    assert (decision.name, decision.reason) == ("guest_erased", "request 7")
    assert decision.stations == ("bar", "oven")
    assert texts_of(left) == []
    assert left["items"]["pizza"] == {name: value for name, value in order["items"]["pizza"].items() if name != "notes"}
    assert {name: left[name] for name in ("status", "payment", "placed_at")} == {
        name: order[name] for name in ("status", "payment", "placed_at")
    }
    Order.model_validate({**left, "version": 2, "updated_at": "2026-11-20T18:25:00Z"})


@pytest.mark.parametrize("status", GIVEN)
def test_a_guest_is_erased_at_any_status(status: str) -> None:
    held = fold(*GIVEN[status])
    left = merge_patch(held, decided(held, EraseGuest()).change)
    assert (left["status"], "guest_erased_at" in left) == (held["status"], True)


@pytest.mark.parametrize(
    "command",
    [
        EraseGuest(),
        ChangeNotes({"notes": "by the window"}),
        ChangeNotes({"allergens": ["peanut"]}),
        ChangeItem("pizza", {"notes": "well done"}),
    ],
)
def test_an_erased_guest_is_not_taken_in_again(order: dict[str, Any], command: Command) -> None:
    left = merge_patch(order, decided(order, EraseGuest()).change)
    assert refused(left, command).code == "guest_erased"


@pytest.mark.parametrize("command", [SetPriority(3), ChangeNotes({"notes": None, "allergens": []}), Cancel("closed")])
def test_an_erased_order_goes_on_otherwise(order: dict[str, Any], command: Command) -> None:
    left = merge_patch(order, decided(order, EraseGuest()).change)
    assert texts_of(merge_patch(left, decided(left, command).change)) == []


def test_a_pos_that_goes_on_to_say_what_was_forgotten_moves_nothing(order: dict[str, Any]) -> None:
    left = merge_patch(order, decided(order, EraseGuest()).change)
    lines = [
        {"line_id": line, **{k: v for k, v in item.items() if k != "state"}} for line, item in order["items"].items()
    ]
    stated = Stated("pos", "7", 2, {**SAID, "items": lines, "table": {"label": "9"}})
    assert plan(left, stated) == [Intent("move_table", {"table": {"label": "9"}})]
    assert plan({**left, "guest_erased_at": None}, stated) != plan(left, stated)


def test_an_answer_given_again_after_the_erasure_is_without_the_guest(order: dict[str, Any]) -> None:
    book = OrderBook()
    held = SEAL.sealed("o", order)
    changes = [("placed", held), ("priority_set", {"priority": 3}), ("guest_erased", {"guest": None, "notes": None})]
    events = []
    for version, (name, change) in enumerate(changes, 1):
        event = Event(
            id=f"e{version}", type=f"order.{name}.v1", order_id="o", venue_id="v", organization_id="g",
            version=version, parent=f"e{version - 1}" if version > 1 else None, time="t", actor="a",
            change={**change, "version": version},
        )  # fmt: skip
        envelope = Envelope(
            id=event.id, type=event.type, order_id="o", venue_id="v", organization_id="g", version=version,
            parent=event.parent, stations=(), not_after=9, fingerprint="f", appended_at=1, value=encode_event(event),
        )  # fmt: skip
        book.apply(envelope, 0, version)
        events.append(booked(envelope, 0, version))
        if version < 3:
            assert b"by the window" in SEAL.opened(book.text("o", events[0]))
    for event in events[:2]:
        text = SEAL.opened(book.text("o", event))
        assert not any(word in text for word in (b"Ada", b"window", b"peanut", b"well done"))
        assert msgspec.json.decode(text)["notes"] == ERASED
    assert "notes" not in msgspec.json.decode(book.text("o", events[2]))
