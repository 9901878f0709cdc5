"""Whatever comes in, the answer is a problem with a code, the field and the remedy, and the next request is served."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.pos_client import PosClient, order_body, token
from integration.order_api.conftest import Replicas, program
from local_stack.failure import StackFailure
from local_stack.ports import free_ports
from order_contracts.channels import TOPIC_CONFIG

PRICE = {"amount": 950, "currency": "EUR"}
ITEM = {"name": "Margherita", "quantity": "1", "unit_price": PRICE}


@pytest.mark.parametrize(
    ("content", "status", "code", "field"),
    [
        (b'{"items": [', 400, "malformed_json", None),
        (b"\xff\xfe\x00", 400, "malformed_json", None),
        (b"[" * 100_000, 400, "malformed_json", None),
        (b'{"notes": "\\ud800"}', 400, "malformed_json", None),
        (b"null", 422, "invalid_request", "body"),
        (b"[]", 422, "invalid_request", "body"),
        (b"a" * 300_000, 413, "body_too_large", None),
    ],
)
async def test_a_body_that_is_no_order(
    replicas: Replicas, pos: PosClient, content: bytes, status: int, code: str, field: str | None
) -> None:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    address = f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders"
    answer = await pos.send("POST", address, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await pos.place(replicas.urls[0])).status_code == 201


def priced(**price: Any) -> dict[str, Any]:
    return {"items": [{**ITEM, "unit_price": {**PRICE, **price}}]}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (priced(amount=9.5), "invalid_request", "items.0.unit_price.amount"),
        (priced(amount="950"), "invalid_request", "items.0.unit_price.amount"),
        (priced(amount=2**60), "invalid_request", "items.0.unit_price.amount"),
        (priced(currency="€"), "invalid_request", "items.0.unit_price.currency"),
        ({"items": []}, "invalid_request", "items"),
        ({"items": [ITEM, *priced(currency="USD")["items"]]}, "invalid_request", "body"),
        ({"business_date": "2019-01-01"}, "business_date_out_of_range", "business_date"),
        ({"business_date": "yesterday"}, "invalid_request", "business_date"),
        ({"allergenes": ["peanut"]}, "invalid_request", "allergenes"),
        ({"notes": "a\u0000b"}, "invalid_request", "notes"),
    ],
)
async def test_an_order_with_a_wrong_field_names_it(
    replicas: Replicas, pos: PosClient, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = await pos.send(
        "POST",
        f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders",
        content=json.dumps(order_body(**changes)),  # escapes what UTF-8 can't carry
        headers={"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("complete", None, 409, "transition_not_allowed"),
        ("items/soup/ready", None, 409, "transition_not_allowed"),
        ("reject", None, 422, "invalid_request"),
        ("reject", {"reason": ""}, 422, "invalid_request"),
        ("explode", None, 404, "not_found"),
    ],
)
async def test_a_command_that_does_not_fit(
    replicas: Replicas, pos: PosClient, verb: str, body: Any, status: int, code: str
) -> None:
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    answer = await pos.act(replicas.urls[0], order_id, verb, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_that_is_sent_as_something_else_than_json_is_told_so(
    replicas: Replicas, pos: PosClient, content_type: str
) -> None:
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    orders = f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders"
    for address, body in ((orders, order_body()), (f"{orders}/{order_id}/reject", {"reason": "closed"})):
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": content_type}
        answer = await pos.send("POST", address, content=json.dumps(body), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "not_sent_as_json")
        assert answer.json()["field"] == "Content-Type"
        assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_body_that_says_nothing_of_its_type_is_taken_for_json(replicas: Replicas, pos: PosClient) -> None:
    orders = f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders"

    async def send(address: str, body: object) -> httpx.Response:
        return await pos.send(
            "POST", address, content=json.dumps(body).encode(), headers={"Idempotency-Key": uuid4().hex}
        )

    placed = await send(orders, order_body())
    assert placed.status_code == 201
    rejected = await send(f"{orders}/{placed.json()['order_id']}/reject", {"reason": "closed"})
    assert rejected.status_code == 200


async def test_an_order_that_is_not_there(replicas: Replicas, pos: PosClient) -> None:
    elsewhere = "a797f20a-8e5e-505f-9aba-e16ba44e21d6"
    for answer in (await pos.read(replicas.urls[0], elsewhere), await pos.act(replicas.urls[0], elsewhere, "accept")):
        assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")


async def test_an_order_of_another_venue_is_not_there(replicas: Replicas, pos: PosClient) -> None:
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    async with PosClient("elsewhere", token("elsewhere")) as stranger:
        assert (await stranger.read(replicas.urls[0], order_id)).status_code == 404
        assert (await stranger.act(replicas.urls[0], order_id, "accept")).status_code == 404


@pytest.mark.parametrize(("key", "code"), [(None, "idempotency_key_missing"), ("k" * 256, "idempotency_key_invalid")])
async def test_a_request_without_a_usable_key(replicas: Replicas, pos: PosClient, key: str | None, code: str) -> None:
    address = f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders"
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await pos.send("POST", address, json=order_body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("venue_id", "claims", "status", "text"),
    [
        ("another-venue", {}, 403, "not for venue"),
        ("v1", {"scopes": ("orders:read",)}, 403, "no scope orders:write"),
        ("v1", {"lifetime_seconds": -60}, 401, "expired"),
        ("v1", {"secret": "another-secret-of-at-least-32-bytes-!"}, 401, "not valid"),
    ],
    ids=["venue", "scope", "expired", "secret"],
)
async def test_a_token_that_does_not_allow_it(
    replicas: Replicas, venue_id: str, claims: dict[str, Any], status: int, text: str
) -> None:
    async with PosClient("v1", token(venue_id, **claims)) as stranger:
        answer = await stranger.place(replicas.urls[0])
    assert answer.status_code == status
    assert text in answer.json()["detail"]


async def test_a_token_that_is_none(replicas: Replicas) -> None:
    async with PosClient("v1", "x") as stranger:
        answer = await stranger.place(replicas.urls[0])
    assert (answer.status_code, "not valid" in answer.json()["detail"]) == (401, True)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"JWT_SECRET": "short"}, "JWT_SECRET"),
        ({"ORDERS_PARTITIONS": "many"}, "ORDERS_PARTITIONS"),
        ({"ORDERS_TOPIC": "not-there"}, "topic not-there is not there"),
        ({"ORDERS_PARTITIONS": "7"}, "it has 4 partitions, 7 are configured"),
    ],
)
def test_a_wrong_configuration_is_said_and_nothing_starts(
    replicas: Replicas, environment: dict[str, str], text: str
) -> None:
    port = free_ports(("p",), {}, {})["p"]
    wrong = program(replicas.backing, f"wrong-{uuid4().hex[:6]}", port, replicas.topic, **environment)
    with pytest.raises(StackFailure, match=text):
        wrong.run_once(20)


def test_a_topic_that_breaks_its_contract_is_refused(replicas: Replicas) -> None:
    compacted = replicas.backing.topic(4, {**TOPIC_CONFIG, "cleanup.policy": "compact"})
    port = free_ports(("p",), {}, {})["p"]
    with pytest.raises(StackFailure, match=r"cleanup\.policy is 'compact', must be 'delete'"):
        program(replicas.backing, f"wrong-{uuid4().hex[:6]}", port, compacted).run_once(20)
