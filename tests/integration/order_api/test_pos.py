"""POS systems call two replicas: shuffled, repeated, cut short or racing, they end in the same order."""

import asyncio
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.pos_client import ORGANIZATION, PosClient, token
from infra.services import Backing
from infra.square import (
    ACCESS_TOKEN,
    LOCATION,
    SIGNATURE_KEY,
    SquareStub,
    euros,
    line,
    signature,
    square_order,
    square_stub,
    webhook,
)
from integration.order_api.conftest import Replicas, two_replicas
from order_contracts.ids import order_id_for

VENUE = f"venue-{uuid4().hex[:8]}"
NOTIFICATION_URL = f"https://orders.example/v1/pos/square/{VENUE}"
SQUARE_VENUE = {
    "organization": ORGANIZATION,
    "location_id": LOCATION,
    "signature_key": SIGNATURE_KEY,
    "notification_url": NOTIFICATION_URL,
    "access_token": ACCESS_TOKEN,
}


@pytest.fixture(scope="module")
def square() -> Iterator[SquareStub]:
    with square_stub() as stub:
        yield stub


@pytest.fixture(scope="module")
def replicas(backing: Backing, square: SquareStub) -> Iterator[Replicas]:
    environment = {"SQUARE_VENUES": json.dumps({VENUE: SQUARE_VENUE}), "SQUARE_API_URL": square.url}
    with two_replicas(backing, **environment) as started:
        yield started


@pytest.fixture
async def pos() -> Any:
    async with PosClient(VENUE, token(VENUE)) as client:
        yield client


async def deliver(pos: PosClient, url: str, body: bytes, signed: str | None = None) -> httpx.Response:
    headers = {"x-square-hmacsha256-signature": signature(NOTIFICATION_URL, body) if signed is None else signed}
    return await pos.send("POST", f"{url}/v1/pos/square/{VENUE}", content=body, headers=headers)


async def told(pos: PosClient, url: str, body: bytes) -> dict[str, Any]:
    answer = await deliver(pos, url, body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def life(order_id: str) -> list[dict[str, Any]]:
    """Give an order of Square's as it was at each of its versions."""
    paid = {"tenders": [{"amount_money": euros(2500)}], "total_money": euros(2500)}
    more = [line("pizza", "Margherita", "3"), line("cola", "Cola", price=300), line("cake", "Tiramisù", price=600)]
    return [
        square_order(order_id, 1),
        square_order(order_id, 2, line_items=more),
        square_order(order_id, 3, "RESERVED", line_items=more),
        square_order(order_id, 4, "RESERVED", line_items=more, state="COMPLETED", **paid),
        square_order(order_id, 5, "PREPARED", line_items=more, state="COMPLETED", **paid),
        square_order(order_id, 6, "COMPLETED", line_items=more, state="COMPLETED", **paid),
    ]


def kinds(version: int) -> list[str]:
    return ["order.created"] if version == 1 else ["order.updated", "order.fulfillment.updated"]


def gist(order: dict[str, Any]) -> dict[str, Any]:
    """Give what has to be the same whatever way it came about."""
    names = ("status", "payment", "payments", "totals", "external_ref", "guest", "notes")
    return {
        "items": {line_id: (i["quantity"], i["state"]) for line_id, i in order["items"].items()},
        **{n: order[n] for n in names},
    }


async def test_deliveries_in_order_move_the_order_step_by_step(
    replicas: Replicas, square: SquareStub, pos: PosClient
) -> None:
    order_id = uuid4().hex
    statuses = []
    for order in life(order_id):
        square.orders[order_id] = order
        for kind in kinds(order["version"]):
            for url in replicas.urls:
                await told(pos, url, webhook(order, kind))
        ours = await read_on_both(pos, replicas, order)
        statuses.append((ours["status"], ours["payment"]))
        assert ours["external_ref"]["version"] == order["version"]
    assert statuses == [
        ("placed", "unpaid"),
        ("placed", "unpaid"),
        ("accepted", "unpaid"),
        ("accepted", "paid"),  # paid is not cooked
        ("ready", "paid"),
        ("completed", "paid"),
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_shuffled_and_repeated_deliveries_end_in_the_same_order(
    replicas: Replicas, square: SquareStub, pos: PosClient, seed: int
) -> None:
    randomly = random.Random(seed)
    order_id = f"shuffled-{seed}-{uuid4().hex}"
    versions = life(order_id)
    deliveries = [(order, kind) for order in versions for kind in kinds(order["version"])] * 2
    randomly.shuffle(deliveries)
    newest = 0
    for order, kind in deliveries:
        # Square always gives its newest: at least what a delivery tells of
        newest = max(newest, order["version"])
        square.orders[order_id] = versions[newest - 1]
        urls = replicas.urls if randomly.random() < 0.3 else [randomly.choice(replicas.urls)]
        answers = await asyncio.gather(*(deliver(pos, url, webhook(order, kind)) for url in urls))
        assert {answer.status_code for answer in answers} <= {200, 503}, [a.text for a in answers]
    final = webhook(versions[-1])
    while (answer := await deliver(pos, replicas.urls[0], final)).status_code == 503:
        await asyncio.sleep(0.2)
    assert answer.json()["ignored"] is True
    ours = await read_on_both(pos, replicas, versions[-1])
    straight_id = f"straight-{uuid4().hex}"
    square.orders[straight_id] = {**versions[-1], "id": straight_id}
    straight = await told(pos, replicas.urls[1], webhook(square.orders[straight_id], "order.created"))
    expected = (await pos.read(replicas.urls[0], straight["order_id"])).json()
    expected["external_ref"]["id"] = order_id
    assert gist(ours) == gist(expected)


async def read_on_both(pos: PosClient, replicas: Replicas, order: dict[str, Any]) -> dict[str, Any]:
    """Read an order of Square's on both replicas; they agree."""
    ours = order_id_for(VENUE, "square", order["id"], order["created_at"][:10])
    one, two = [(await pos.read(url, ours)).json() for url in replicas.urls]
    assert one == two
    return dict(one)


async def test_what_is_old_or_not_ours_is_ignored_and_not_fetched(
    replicas: Replicas, square: SquareStub, pos: PosClient
) -> None:
    order = square_order(uuid4().hex, 5)
    square.orders[order["id"]] = order
    await told(pos, replicas.urls[0], webhook(order))
    fetched = len(square.fetched)
    for body in (
        webhook(order),
        webhook(order, version=3),
        webhook(order, location_id="ELSEWHERE"),
        webhook(order, "payment.updated"),
    ):
        assert (await told(pos, replicas.urls[1], body))["ignored"] is True
    assert len(square.fetched) == fetched


async def test_an_order_of_long_ago_is_ignored(replicas: Replicas, square: SquareStub, pos: PosClient) -> None:
    old = square_order(uuid4().hex, 9, created_at=(datetime.now(UTC) - timedelta(days=5)).isoformat())
    square.orders[old["id"]] = old
    answer = await told(pos, replicas.urls[0], webhook(old))
    assert answer["ignored"] is True
    assert "import" in answer["reason"]


async def test_an_order_for_tomorrow_stays_off_the_kitchen_s_screens(
    replicas: Replicas, square: SquareStub, pos: PosClient
) -> None:
    pickup = {"pickup_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(), "schedule_type": "SCHEDULED"}
    fulfillment = {"type": "PICKUP", "state": "RESERVED", "pickup_details": pickup}
    order = square_order(uuid4().hex, fulfillments=[fulfillment])
    square.orders[order["id"]] = order
    answer = await told(pos, replicas.urls[0], webhook(order))
    assert answer["applied"] == ["place"]
    assert (await pos.read(replicas.urls[1], answer["order_id"])).json()["status"] == "scheduled"


async def test_a_false_signature_changes_nothing(replicas: Replicas, square: SquareStub, pos: PosClient) -> None:
    order = square_order(uuid4().hex)
    square.orders[order["id"]] = order
    body = webhook(order)
    for wrong in ("", "x", signature(NOTIFICATION_URL, body, "another key"), signature(NOTIFICATION_URL, body + b" ")):
        answer = await deliver(pos, replicas.urls[0], body, wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert order["id"] not in square.fetched
    elsewhere = await pos.send("POST", f"{replicas.urls[0]}/v1/pos/square/nobody", content=body)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "pos_not_set_up")


async def test_while_square_does_not_give_the_order_its_webhook_is_asked_again(
    replicas: Replicas, square: SquareStub, pos: PosClient
) -> None:
    order = square_order(uuid4().hex, 2)
    square.orders[order["id"]] = square_order(order["id"], 1)  # behind its own webhook
    assert (await deliver(pos, replicas.urls[0], webhook(order))).status_code == 503
    square.failing = True
    assert (await deliver(pos, replicas.urls[0], webhook(order))).status_code == 503
    square.failing = False
    square.orders[order["id"]] = order
    assert (await told(pos, replicas.urls[0], webhook(order)))["applied"] == ["place"]


async def test_a_kitchen_that_is_ahead_is_not_taken_back(
    replicas: Replicas, square: SquareStub, pos: PosClient
) -> None:
    order = square_order(uuid4().hex)
    square.orders[order["id"]] = order
    ours = (await told(pos, replicas.urls[0], webhook(order)))["order_id"]
    for verb in ("accept", "start", "ready"):
        await pos.act(replicas.urls[1], ours, verb)
    square.orders[order["id"]] = square_order(order["id"], 2, "RESERVED")
    answer = await told(pos, replicas.urls[0], webhook(square.orders[order["id"]]))
    assert answer["applied"] == ["sync"]
    read = (await pos.read(replicas.urls[0], ours)).json()
    assert (read["status"], read["external_ref"]["version"]) == ("ready", 2)


def snapshot(order_id: str, minute: int = 0, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return {
        "source": "toast",
        "id": order_id,
        "modified_at": (now + timedelta(minutes=minute)).isoformat(),
        "opened_at": now.isoformat(),
        "business_date": now.date().isoformat(),
        "lines": [
            {"line_id": "a", "name": "Margherita", "quantity": "2", "unit_price": euros(950)},
            {"line_id": "b", "name": "Cola", "quantity": "1", "unit_price": euros(300)},
        ],
        "totals": {"total": euros(2200)},
        **changes,
    }


async def send_snapshot(pos: PosClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await pos.send("POST", f"{url}/v1/pos/snapshot/{VENUE}", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_snapshots_become_what_differs_and_late_ones_are_ignored(replicas: Replicas, pos: PosClient) -> None:
    one, two = replicas.urls
    order_id = uuid4().hex
    first = snapshot(order_id)
    answers = await asyncio.gather(*(send_snapshot(pos, url, first) for url in replicas.urls * 3))
    assert len({a["order_id"] for a in answers}) == 1
    changed = snapshot(order_id, 5, state="in_preparation", lines=first["lines"][:1], paid=euros(2200))
    answer = await send_snapshot(pos, two, changed)
    assert answer["applied"] == ["void_item", "capture_payment", "accept_order", "start_order"]
    late = await send_snapshot(pos, one, snapshot(order_id, 3, notes="late"))
    again = await send_snapshot(pos, one, changed)
    assert (late["ignored"], again["ignored"]) == (True, True)
    order = (await pos.read(one, answer["order_id"])).json()
    assert (order["status"], order["payment"], order["version"]) == ("preparing", "paid", 5)
    assert (order["items"]["b"]["state"], order.get("notes")) == ("voided", None)


async def test_racing_snapshots_take_money_once(replicas: Replicas, pos: PosClient) -> None:
    order_id = uuid4().hex
    ours = (await send_snapshot(pos, replicas.urls[0], snapshot(order_id)))["order_id"]
    racing = [snapshot(order_id, minute, paid=euros(200 * minute)) for minute in range(1, 7)]
    sent = [(url, body) for body in racing for url in replicas.urls]
    random.Random(1).shuffle(sent)
    await asyncio.gather(*(send_snapshot(pos, url, body) for url, body in sent))
    order = (await pos.read(replicas.urls[1], ours)).json()
    assert order["payments"]["captured"] == 1200
    assert order["external_ref"]["version"] == int(datetime.fromisoformat(racing[-1]["modified_at"]).timestamp() * 1000)


async def test_a_step_that_the_rules_refuse_is_told_and_stops_no_other(replicas: Replicas, pos: PosClient) -> None:
    order_id = uuid4().hex
    body = snapshot(order_id, paid=euros(9900), state="accepted")
    answer = await send_snapshot(pos, replicas.urls[0], body)
    assert [(n["step"], n["code"]) for n in answer["not_applied"]] == [("capture_payment", "overpaid")]
    assert answer["applied"] == ["place", "accept_order"]
    assert (await send_snapshot(pos, replicas.urls[1], body))["ignored"] is True


async def test_a_snapshot_needs_a_token_for_the_venue(replicas: Replicas) -> None:
    async with PosClient(VENUE, token("another-venue")) as stranger:
        answer = await stranger.send("POST", f"{replicas.urls[0]}/v1/pos/snapshot/{VENUE}", json=snapshot("x"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
