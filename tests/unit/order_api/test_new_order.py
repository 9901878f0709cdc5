"""What `new_order.read` takes, PlaceOrder takes too, and both make the same order, document and fingerprint of it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.pos_client import order_body
from order_api import new_order
from order_api.bodies import PlaceOrder, dumped
from order_api.naming import ask_to_place
from order_api.new_order import NewOrder
from order_contracts.claims import Claims
from order_contracts.events import timestamp

CLAIMS = Claims("till", "org", None, frozenset({"orders:write"}), 2**40)
EUR = {"amount": 950, "currency": "EUR"}
FULL: dict[str, Any] = {
    "business_date": "2026-11-20",
    "channel": "qr",
    "dining_option": "dine_in",
    "table": {"label": "7", "area": "terrace"},
    "display_number": "A-42",
    "external_ref": {"source": "till-3", "id": "0042", "version": 7},
    "placed_at": "2026-11-20T18:45:00.5+01:00",
    "scheduled_for": None,
    "promised_at": "2026-11-20T18:45:00Z",
    "guest": {"name": "Zoë"},
    "notes": "🍕",
    "allergens": ["peanut", "gluten"],
    "items": [
        {
            "line_id": "a",
            "name": "Margherita",
            "sku": "m",
            "quantity": "2",
            "unit_price": EUR,
            "station": "oven",
            "course": 1,
            "seat": 2,
            "notes": None,
            "image_url": "https://a.b/c.png",
            "state": "held",
            "modifiers": [{"name": "basil", "action": "remove", "quantity": "1", "unit_price": EUR}, {"name": "salt"}],
        },
        {"name": "Cola", "quantity": "0.25", "unit_price": EUR},
        {"name": "Water", "quantity": "1", "unit_price": EUR, "line_id": "1"},
    ],
    "totals": dict.fromkeys(("subtotal", "discount", "tax", "service", "tip", "total"), EUR),
}
GONE: Any = object()
TEXTS = [
    "x",
    "",
    "é🍕",
    "a\x00b",
    "\ud800",
    "null",
    "\\u0000",
    "a" * 32,
    "a" * 33,
    "a" * 500,
    "🍕" * 501,
    " ",
    "b\n",
    True,
]
NAMES = ["a", "1", "2", "A.b-c_d", "", "-a", "a" * 64, "a" * 65, "oven\n", "ö"]
WORDS = ["pos", "new", "held", "a" * 32, "a" * 33, "", "Pos", "pos\n", "1a"]
QUANTITIES = ["2", "0.25", "0.0", "0", "00.1", "1.123456", "1e3", "1234567.12345", "12345678", "1\n", "٣", "-1", 1.0]
WHOLES = [0, -1, 1, 99, 100, 999, 1000, 2**53 - 1, 2**53, -(2**53), 2**64, 9.5, 950.0, 1e300, "950"]
CURRENCIES = ["USD", "eur", "EURO", "EUR\n", 978]
DAYS = ["2026-11-20", "2026-1-2", "2026-11-20T00:00:00Z", "2026-11-20T10:00:00Z", "20261120", "0001-01-01"]
MOMENTS = [
    *("2026-11-20 18:45:00.5z", "2026-11-20T18:45:00.1234567Z", "2026-11-20T18:45:00.999999999Z", "2026-11-20T18:45Z"),
    *("2026-11-20T18:45:00+05:30", "2026-11-20T18:45:00-00:00", "2026-11-20T18:45:60Z", "2026-11-20T18:45:00"),
    *("2026-11-20T18:45:00+0100", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "1795000000"),
]
ADDRESSES = ["https://a.b:80/x", "http://a.b/c", "https://a.b/c\n", "https://ä.b/c", "https://a.b/" + "c" * 489]
ODD = [
    *TEXTS,
    *NAMES,
    *WORDS,
    *QUANTITIES,
    *WHOLES,
    *CURRENCIES,
    *DAYS,
    *MOMENTS,
    *ADDRESSES,
    None,
    False,
    [],
    {},
    GONE,
]


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every place in a body."""
    for name, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield (*path, name)
        yield from places(value, (*path, name))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Put a value somewhere, or take away what is there; nothing where there is no such place any more."""
    if not path:
        return value
    if isinstance(body, dict):
        new = {**body, path[0]: changed(body.get(path[0]), path[1:], value)}
        return {name: part for name, part in new.items() if part is not GONE}
    if isinstance(body, list):
        parts = [changed(part, path[1:], value) if place == path[0] else part for place, part in enumerate(body)]
        return [part for part in parts if part is not GONE]
    return body


PLACES = [*places(FULL), ("unknown",), ("items", 1, "unknown"), ("items", 1, "line_id"), ("totals", "unknown")]


def written(body: Any, *, escaped: bool) -> bytes:
    return json.dumps(body, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


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
