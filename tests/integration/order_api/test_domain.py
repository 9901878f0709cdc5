"""The order domain over REST on two replicas: what one was told, the other builds on; each axis by itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import pytest

from infra.pos_client import PosClient, order_body
from integration.order_api.conftest import Replicas

TOTALS = {"total": {"amount": 2850, "currency": "EUR"}}
SOUP = {"line_id": "soup", "name": "Soup", "quantity": "1", "unit_price": {"amount": 600, "currency": "EUR"}}


def euros(amount: int, **more: Any) -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": "EUR"}, **more}


async def placed(replicas: Replicas, pos: PosClient, **changes: Any) -> str:
    answer = await pos.place(replicas.urls[0], order_body(totals=TOTALS, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


async def test_an_evening_of_one_order_on_changing_replicas(replicas: Replicas, pos: PosClient) -> None:
    order_id = await placed(replicas, pos)
    steps: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("accept", None, {"status": "accepted"}),
        ("items", {"items": [SOUP]}, {"status": "accepted"}),
        ("items/soup/hold", None, {"status": "accepted"}),
        ("start", None, {"status": "preparing"}),
        ("payments/capture", euros(1000), {"status": "preparing", "payment": "partially_paid"}),
        ("stations/oven/ready", None, {"status": "preparing"}),
        ("items/pizza/serve", None, {"status": "preparing"}),
        ("items/soup/fire", None, {"status": "preparing"}),
        ("items/soup/void", {"reason": "out of soup"}, {"status": "preparing"}),
        ("stations/bar/ready", None, {"status": "ready"}),
        ("complete", None, {"status": "completed"}),
        ("payments/capture", euros(1850), {"status": "completed", "payment": "paid"}),
        ("payments/refund", euros(950, line_ids=["cola"]), {"payment": "partially_refunded"}),
        ("items/cola/recall", None, {"status": "preparing", "payment": "partially_refunded"}),
    )
    for version, ((verb, body, expected), url) in enumerate(zip(steps, cycle(replicas.urls), strict=False), start=2):
        answer = await pos.act(url, order_id, verb, body)
        assert answer.status_code == 200, (verb, answer.text)
        order = answer.json()
        assert (order["version"], {name: order[name] for name in expected}) == (version, expected), verb
    assert {line: item["state"] for line, item in order["items"].items()} == {
        "pizza": "served",
        "cola": "preparing",
        "soup": "voided",
    }
    assert order["payments"] == {"currency": "EUR", "authorized": 0, "captured": 2850, "refunded": 950}


async def test_a_scheduled_order_waits_for_its_release(replicas: Replicas, pos: PosClient) -> None:
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    order_id = await placed(replicas, pos, scheduled_for=soon)
    early = await pos.act(replicas.urls[1], order_id, "accept")
    assert (early.status_code, early.json()["code"]) == (409, "transition_not_allowed")
    assert (await pos.act(replicas.urls[1], order_id, "release")).json()["status"] == "placed"
    assert (await pos.act(replicas.urls[0], order_id, "accept")).json()["status"] == "accepted"


PINNED = [
    ("items/pizza/change", {"quantity": "3", "notes": "well done"}),
    ("table", {"table": {"label": "7"}}),
    ("notes", {"notes": "bring the bill", "allergens": ["peanut"]}),
    ("delay", {"promised_at": "2026-11-20T19:05:00Z", "reason": "the oven is full"}),
    ("totals", {"totals": {"total": {"amount": 3000, "currency": "EUR"}}}),
]


@pytest.mark.parametrize(("verb", "body"), PINNED, ids=[verb for verb, _ in PINNED])
async def test_what_overwrites_is_done_on_the_version_that_was_seen_only(
    replicas: Replicas, pos: PosClient, verb: str, body: Any
) -> None:
    order_id = await placed(replicas, pos)
    blind = await pos.act(replicas.urls[0], order_id, verb, body)
    assert (blind.status_code, blind.json()["code"], blind.json()["field"]) == (
        428,
        "precondition_required",
        "If-Match",
    )
    racing = [pos.act(url, order_id, verb, body, If_Match='"v1"') for url in replicas.urls]
    assert sorted(answer.status_code for answer in await asyncio.gather(*racing)) == [200, 412]
    assert (await pos.act(replicas.urls[1], order_id, verb, body, If_Match="*")).status_code == 200


async def test_tills_that_take_the_same_money_at_once_take_it_once(replicas: Replicas, pos: PosClient) -> None:
    order_id = await placed(replicas, pos)
    racing = (pos.act(url, order_id, "payments/capture", euros(2850)) for url in replicas.urls)
    answers = await asyncio.gather(*racing)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [answer.json()["code"] for answer in answers if answer.status_code == 409] == ["overpaid"]
    order = (await pos.read(replicas.urls[1], order_id)).json()
    assert (order["payment"], order["payments"]["captured"]) == ("paid", 2850)


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("payments/capture", euros(2851), 409, "overpaid"),
        ("payments/refund", euros(1), 409, "over_refunded"),
        ("payments/capture", {"amount": {"amount": 1, "currency": "USD"}}, 409, "currency_mismatch"),
        ("payments/capture", {"amount": {"amount": 1.5, "currency": "EUR"}}, 422, "invalid_request"),
        ("payments/capture", None, 422, "invalid_request"),
        ("payments/void", None, 409, "transition_not_allowed"),
        ("items", {"items": [{**SOUP, "line_id": "pizza"}]}, 409, "line_exists"),
        ("items/nothing/void", {"reason": "r"}, 404, "item_not_found"),
        ("items/pizza/void", None, 422, "invalid_request"),
        ("items/pizza/fire", None, 409, "transition_not_allowed"),
        ("priority", {"priority": 10}, 422, "invalid_request"),
        ("release", None, 409, "transition_not_allowed"),
    ],
)
async def test_what_does_not_fit_is_a_problem_with_a_code(
    replicas: Replicas, pos: PosClient, verb: str, body: Any, status: int, code: str
) -> None:
    answer = await pos.act(replicas.urls[0], await placed(replicas, pos), verb, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_key_that_was_used_for_one_line_is_not_taken_for_another(replicas: Replicas, pos: PosClient) -> None:
    order_id = await placed(replicas, pos)
    first = await pos.act(replicas.urls[0], order_id, "items/pizza/hold", key="k")
    again = await pos.act(replicas.urls[1], order_id, "items/pizza/hold", key="k")
    other = await pos.act(replicas.urls[1], order_id, "items/cola/hold", key="k")
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
