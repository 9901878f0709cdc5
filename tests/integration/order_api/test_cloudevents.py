"""Commands as CloudEvents, in all three modes, on two replicas: done once, in order, each with its own result."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.pos_client import SCOPES, PosClient, order_body, token
from integration.order_api.conftest import Replicas

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


def event(pos: PosClient, kind: str, data: Any = None, **attributes: Any) -> dict[str, Any]:
    """Give a CloudEvent in its JSON form, for this till's venue."""
    head = {"specversion": "1.0", "id": uuid4().hex, "source": "/tills/3", "type": kind, "venueid": pos.venue_id}
    return {**head, **({} if data is None else {"data": data}), **attributes}


async def send(pos: PosClient, url: str, content: Any, mode: str = STRUCTURED) -> httpx.Response:
    headers = {"Content-Type": mode}
    raw = content if isinstance(content, bytes) else json.dumps(content)
    return await pos.send("POST", f"{url}/v1/events", content=raw, headers=headers)


async def send_binary(pos: PosClient, url: str, given: dict[str, Any], **headers: str) -> httpx.Response:
    named = {f"ce-{name}": str(value) for name, value in given.items() if name != "data"}
    content = json.dumps(given["data"]) if "data" in given else None
    more = {"Content-Type": "application/json"} if content else {}
    return await pos.send("POST", f"{url}/v1/events", content=content, headers={**named, **more, **headers})


async def results_of(pos: PosClient, url: str, events: Sequence[Any]) -> list[dict[str, Any]]:
    answer = await send(pos, url, events, BATCHED)
    assert answer.status_code in {200, 207}, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert (answer.status_code == 200) is all(result["status"] < 300 for result in results)
    return results


async def placed(pos: PosClient, url: str) -> str:
    answer = await send(pos, url, event(pos, "order.place.v1", order_body()))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


async def test_a_single_event_is_answered_as_over_rest(replicas: Replicas, pos: PosClient) -> None:
    one, two = replicas.urls
    answer = await send_binary(pos, one, event(pos, "order.place.v1", order_body(), source="/kasse%20%C3%A4"))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"'), answer.text
    order_id = answer.json()["order_id"]
    assert answer.json() == (await pos.read(two, order_id)).json()
    accept = event(pos, "order.accept.v1", subject=order_id, expectedversion=1, time="2026-11-24T19:05:00Z")
    answer = await send(pos, two, accept)
    assert (answer.status_code, answer.headers["etag"], answer.json()["status"]) == (200, '"v2"', "accepted")
    assert answer.headers["position"]
    ready = await send_binary(pos, one, event(pos, "order.ready_item.v1", subject=order_id, lineid="pizza"))
    assert ready.json()["items"]["pizza"]["state"] == "ready"
    stale = await send_binary(pos, two, event(pos, "order.ready.v1", subject=order_id, expectedversion=2))
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


async def test_the_same_source_and_id_is_done_once_whatever_the_mode(replicas: Replicas, pos: PosClient) -> None:
    one, two = replicas.urls
    given = event(pos, "order.place.v1", order_body())
    first = await send(pos, one, given)
    again = await send_binary(pos, two, given)
    (batched,) = await results_of(pos, one, [given])
    assert (again.status_code, again.text, again.headers["idempotent-replayed"]) == (201, first.text, "true")
    assert (batched["status"], batched["order_id"], batched["replayed"]) == (201, first.json()["order_id"], True)
    other = await send(pos, two, {**given, "data": order_body(display_number="B-7")})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await send(pos, two, {**given, "source": "/tills/4"})
    assert elsewhere.json()["order_id"] != first.json()["order_id"]


async def test_data_in_base64_is_read(replicas: Replicas, pos: PosClient) -> None:
    encoded = b64encode(json.dumps(order_body()).encode()).decode()
    answer = await send(pos, replicas.urls[0], event(pos, "order.place.v1", data_base64=encoded))
    assert answer.status_code == 201, answer.text


async def test_of_a_batch_each_event_has_its_own_result(replicas: Replicas, pos: PosClient) -> None:
    one, two = replicas.urls
    order_id = await placed(pos, one)
    place = event(pos, "order.place.v1", order_body())
    events: list[Any] = [
        event(pos, "order.accept.v1", subject=order_id),
        place,
        event(pos, "order.start.v1", subject=order_id),
        place,
        event(pos, "order.accept.v1", subject=order_id),
        event(pos, "order.explode.v1", subject=order_id),
        "no event at all",
        event(pos, "order.place.v1", order_body(notes="\ud800")),
        event(pos, "order.place.v1", order_body(items=[])),
        {**event(pos, "order.ready.v1", subject=order_id), "venueid": "another-venue"},
        event(pos, "order.import.v1", order_body()),
        event(pos, "order.ready_item.v1", subject=order_id, lineid="pizza"),
        event(pos, "order.ready_item.v1", subject=order_id, lineid="cola"),
        event(pos, "order.complete.v1", subject=order_id),
    ]
    results = await results_of(pos, two, events)
    told = [(r["status"], r.get("version") or r["problem"]["code"]) for r in results]
    assert told == [
        (200, 2),
        (201, 1),
        (200, 3),
        (201, 1),
        (409, "transition_not_allowed"),
        (422, "event_type_unknown"),
        (400, "event_invalid"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (403, "not_allowed"),
        (403, "not_allowed"),
        (200, 4),
        (200, 5),
        (200, 6),
    ]
    assert (results[3]["order_id"], results[3]["replayed"]) == (results[1]["order_id"], True)
    assert [results[n]["problem"].get("field") for n in (5, 7, 8)] == ["type", "notes", "items"]
    assert [r.get("id") for r in results] == [e["id"] if isinstance(e, dict) else None for e in events]
    assert (await pos.read(one, order_id)).json()["status"] == "completed"


async def test_batches_that_race_on_both_replicas_do_everything_once(replicas: Replicas, pos: PosClient) -> None:
    orders = [await placed(pos, replicas.urls[0]) for _ in range(8)]
    events = [
        event(pos, kind, subject=order_id)
        for kind in ("order.accept.v1", "order.start.v1", "order.ready.v1", "order.complete.v1")
        for order_id in orders
    ]
    both = await asyncio.gather(*(results_of(pos, url, events) for url in replicas.urls))
    for results in both:
        assert [(r["status"], r["version"]) for r in results] == [(200, n) for n in (2, 3, 4, 5) for _ in orders]
    replays = sum(r.get("replayed", False) for results in both for r in results)
    assert replays <= len(events)
    for order_id in orders:
        assert (await pos.read(replicas.urls[1], order_id)).json()["version"] == 5


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a\u0000b"}, "id"),
        ({"source": None}, "source"),
        ({"type": None}, "type"),
        ({"venueid": "a venue"}, "venueid"),
        ({"subject": "42"}, "subject"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-11-24T19:05:00"}, "time"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"data_base64": "%%"}, "data_base64"),
        ({"expectedversion": 0}, "expectedversion"),
        ({"type": "order.ready_item.v1"}, "lineid"),
    ],
)
async def test_a_malformed_attribute_is_named(
    replicas: Replicas, pos: PosClient, changes: dict[str, Any], field: str
) -> None:
    given = {**event(pos, "order.accept.v1", subject="a797f20a-8e5e-505f-9aba-e16ba44e21d6"), **changes}
    answer = await send(pos, replicas.urls[0], given)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "event_invalid", field)


@pytest.mark.parametrize(
    ("mode", "content", "status", "code"),
    [
        (STRUCTURED, b"{", 400, "malformed_json"),
        (STRUCTURED, b"[" * 100_000, 400, "malformed_json"),
        (STRUCTURED, b'{"specversion": NaN}', 400, "malformed_json"),
        (STRUCTURED, b"[]", 400, "event_invalid"),
        (BATCHED, b"{}", 400, "event_invalid"),
        (BATCHED, b"[" + b"1," * 500 + b"1]", 413, "batch_too_large"),
        (BATCHED, b"[" + b" " * 300_000 + b"]", 413, "body_too_large"),
        ("application/cloudevents+xml", b"<event/>", 415, "not_a_cloudevent"),
        ("application/json", b"{}", 415, "not_a_cloudevent"),
    ],
)
async def test_a_message_that_carries_no_event(
    replicas: Replicas, pos: PosClient, mode: str, content: bytes, status: int, code: str
) -> None:
    answer = await send(pos, replicas.urls[0], content, mode)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_expired_token_is_told_once_for_the_whole_batch(replicas: Replicas, pos: PosClient) -> None:
    async with PosClient(pos.venue_id, token(pos.venue_id, lifetime_seconds=-60)) as expired:
        answer = await send(expired, replicas.urls[0], [event(pos, "order.place.v1", order_body())] * 3, BATCHED)
    assert answer.status_code == 401


async def test_an_import_needs_its_scope_and_is_one_event(replicas: Replicas, pos: PosClient) -> None:
    past = order_body(business_date="2019-08-03", placed_at="2019-08-03T20:25:00+01:00")
    async with PosClient(pos.venue_id, token(pos.venue_id, scopes=(*SCOPES, "orders:import"))) as importer:
        answer = await send(importer, replicas.urls[0], event(pos, "order.import.v1", past))
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["version"], order["status"], order["payment"]) == (1, "completed", "paid")
    assert (order["placed_at"], {line["state"] for line in order["items"].values()}) == (
        "2019-08-03T19:25:00.000Z",
        {"served"},
    )
