"""What `new_order.read` takes, PlaceOrder takes too, and both make the same order, document and fingerprint of it."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.odd_bodies import FULL, ODD, changed, places, written
from infra.pos_client import order_body
from order_api import bodies, new_order
from order_api.bodies import PlaceOrder, dumped
from order_api.naming import ask_to_place
from order_api.new_order import NewOrder
from order_contracts.claims import Claims
from order_contracts.events import timestamp

CLAIMS = Claims("till", "org", None, frozenset({"orders:write"}), 2**40)
PLACES = [*places(FULL), ("unknown",), ("items", 1, "unknown"), ("items", 1, "line_id"), ("totals", "unknown")]


def checked(content: bytes) -> PlaceOrder | None:
    try:
        return PlaceOrder.model_validate_json(content)
    except ValidationError:
        return None


def document_of(body: PlaceOrder) -> dict[str, Any]:
    """What was made of the model itself, before there were two ways to an order."""
    moments = {name: getattr(body, name) for name in ("placed_at", "scheduled_for", "promised_at")}
    document = {
        **body.model_dump(mode="json", exclude_none=True),
        **{name: timestamp(moment) for name, moment in moments.items() if moment is not None},
        "items": new_order.numbered(dumped(body.items), taken=()),
    }
    return document if body.totals is None else {**document, "totals": body.totals.document()}


def fingerprint_of(body: PlaceOrder) -> str:
    """The fingerprint in the form in which the log holds those of old."""
    meaning = ["Place", None, body.model_dump(mode="json", exclude_unset=True)]
    return sha256(msgspec.json.encode(meaning, order="sorted")).hexdigest()[:32]


def agree(content: bytes) -> NewOrder | None:
    """Compare the two ways; give what the short one made of it."""
    taken, body = new_order.read(content), checked(content)
    assert taken is None or body is not None
    if body is not None:
        for order in filter(None, (taken, body.order())):
            assert order == body.order()
            assert msgspec.json.decode(msgspec.json.encode(order.document())) == document_of(body)
            assert ask_to_place(CLAIMS, "v", "key", order).fingerprint == fingerprint_of(body)
    return taken


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_what_the_short_way_takes_the_long_way_takes_and_makes_the_same_of(path: tuple[Any, ...]) -> None:
    for value in ODD:
        for escaped in (True, False):
            agree(written(changed(FULL, path, value), escaped=escaped))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), max_size=6))
def test_so_it_is_with_many_changes_at_once(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    body: Any = FULL
    for path, value in changes:
        body = changed(body, path, value)
    agree(written(body, escaped=True))


@settings(max_examples=400)
@given(st.data())
def test_bytes_that_are_damaged_are_not_taken_for_what_they_are_not(data: st.DataObject) -> None:
    content = written(FULL, escaped=data.draw(st.booleans()))
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 12)))
    put = data.draw(
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from([b'"', b"0", b".0", b"\\", b"\\ud800", b"\\u0000", b"null", b",", b"\x00"]),
        )
    )
    agree(content[:begin] + put + content[end:])


@pytest.mark.parametrize(
    "body",
    [
        *PlaceOrder.model_json_schema()["examples"],
        order_body(),
        FULL,
        order_body(
            items=[{"name": "x", "quantity": "1", "unit_price": {"amount": 1, "currency": "EUR"}, "notes": None}]
        ),
    ],
)
def test_what_is_usual_takes_the_short_way(body: dict[str, Any]) -> None:
    assert agree(written(body, escaped=False)) is not None


@pytest.mark.parametrize(
    "twice",
    [
        b'"notes": "b", "notes": null, ',
        b'"notes": null, "notes": "b", ',
        b'"notes": 7, "notes": "b", ',
        b'"items": [], ',
    ],
)
def test_of_a_field_that_is_there_twice_the_last_counts_in_both(twice: bytes) -> None:
    agree(b"{" + twice + written(order_body(), escaped=False)[1:])


def test_a_key_that_was_used_before_an_upgrade_is_still_the_same_request() -> None:
    taken = new_order.read(written(FULL, escaped=False))
    assert taken is not None
    assert ask_to_place(CLAIMS, "v", "key", taken).fingerprint == "6bcc706b884bca92f69ea4bc2ee11945"


def test_a_long_text_is_not_remembered() -> None:
    body = order_body(items=[{**order_body()["items"][0], "station": "a" * 65}])
    assert new_order.read(written(body, escaped=False)) is None


@pytest.mark.parametrize(
    ("model", "struct"),
    [
        (bodies.PlaceOrder, new_order.NewOrder),
        (bodies.NewItem, new_order.Line),
        (bodies.NewModifier, new_order.Modifier),
        (bodies.NewMoney, new_order.Price),
        (bodies.NewTotals, new_order.Totals),
        (bodies.NewTable, new_order.Table),
        (bodies.NewRef, new_order.Ref),
        (bodies.NewGuest, new_order.Guest),
    ],
)
def test_a_field_that_one_way_knows_the_other_knows(model: Any, struct: Any) -> None:
    assert set(model.model_fields) == set(struct.__struct_fields__)
