"""The lanes ask the desk what the framework asks it, pass on what they can't read, and their faults are problems."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from limits import parse
from starlette.types import ASGIApp

from infra.pos_client import SECRET, order_body, token
from order_api import problems, routes
from order_api.admission import Admission
from order_api.cloudevents import routes as cloudevents
from order_api.cloudevents.taking import EventTaking
from order_api.event_lane import EventLane
from order_api.fast_lane import FastLane
from order_api.faults import Faults
from order_api.identity import Identity
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_desk import Answer, Receipt
from order_api.proposing import Request
from order_api.rates import Rates
from order_api.verbs import Verb, verbs
from order_contracts.positions import Position
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens

ORDERS = "/v1/venues/v1/orders"
ORDER = f"{ORDERS}/a797f20a-8e5e-505f-9aba-e16ba44e21d6"
MOST_BYTES = 10_000
BATCHED, STRUCTURED = "application/cloudevents-batch+json", "application/cloudevents+json"
HEADERS = {"Authorization": f"Bearer {token('v1')}", "Idempotency-Key": "k", "If-Match": '"v3"'}


class Desk:
    """Takes note of what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.fault: Exception | None = None

    async def carry_out(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.fault is not None:
            raise self.fault
        return Answer(request.order_id, b'{"version":4}', 4, Position("e", {0: 9}), replayed=True)

    async def carry_out_first_tries(self, requests: Sequence[Request]) -> list[Receipt]:
        return [Receipt(4, answer.position, replayed=True) for answer in [await self.carry_out(r) for r in requests]]


class Service:
    """order-api's layers over a desk that only takes note; `lane` says whether the fast lane is above them."""

    def __init__(self, identity: Identity) -> None:
        self.desk, self.framework = Desk(), 0
        desk: Any = self.desk
        app = FastAPI()
        problems.install(app)
        events, metrics = EventTaking(desk, identity), Metrics()
        app.include_router(routes.router(desk, identity))
        app.include_router(cloudevents.router(events))
        self.layers: ASGIApp = Admission(app, identity)
        below = EventLane(self._count, events=events, identity=identity, metrics=metrics, most_bytes=MOST_BYTES)
        lane = FastLane(below, desk=desk, identity=identity, metrics=metrics, most_bytes=MOST_BYTES)
        self.lane: ASGIApp = Faults(lane)

    async def _count(self, scope: Any, receive: Any, send: Any) -> None:
        self.framework += 1
        await self.layers(scope, receive, send)

    async def post(self, app: ASGIApp, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        async def as_uvicorn(scope: Any, _: Any, send: Any) -> None:
            await app({**scope, "state": {}}, whole, send)

        async def whole() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        transport = httpx.ASGITransport(as_uvicorn, raise_app_exceptions=self.desk.fault is None)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post(path, headers=headers, content=body)


async def service(limit: str = "1000/second") -> Service:
    async def fetch(_: str) -> bytes:
        raise AssertionError

    tokens = Tokens(TokenSettings(jwt_secret=SECRET), fetch=fetch, complain=print)
    await tokens.start()
    return Service(Identity(tokens, Rates(parse(limit)), OrderBook(), lambda: datetime.now(UTC)))


def bodies_of(verb: Verb) -> Iterator[bytes]:
    example = verb.body.model_config.get("json_schema_extra", {})
    assert isinstance(example, dict)
    for body in example.get("examples", ()):  # type: ignore[union-attr]  # a list, in this project
        yield msgspec.json.encode(body)
    yield from (b"", b"{}", b"null", b"[]", b"{", b'{"reason": 7}', b'{"reason": "\xff"}', b'{"unknown": 1}')


def address(verb: Verb) -> str:
    return ORDER + verb.path.replace("{line_id}", "line-1").replace("{station}", "oven")


@pytest.mark.parametrize("verb", [*verbs()], ids=lambda verb: verb.name)
async def test_a_change_is_asked_and_answered_as_by_the_framework(verb: Verb) -> None:
    ours = await service()
    taken = 0
    example, *others = bodies_of(verb)
    headers = {**HEADERS, "Content-Type": "application/json"}
    odd = [{name: text for name, text in headers.items() if name != left_out} for left_out in headers]
    asked = [(headers, example), *((headers, body) for body in others), *((one, example) for one in odd[1:])]
    for named, body in [*asked, ({**headers, "Content-Type": "text/plain"}, example)]:
        before = ours.framework
        fast = await ours.post(ours.lane, address(verb), named, body)
        taken += ours.framework == before
        slow = await ours.post(ours.layers, address(verb), named, body)
        assert (fast.status_code, fast.content, fast.headers) == (slow.status_code, slow.content, slow.headers)
        if fast.status_code == 200:
            assert ours.desk.asked[-1] == ours.desk.asked[-2]
    assert taken, "the lane took none: it proves nothing"


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        (f"{ORDER}/items/*/ready", {}),
        (f"{ORDER}/nothing", {}),
        (f"{ORDERS}/no-id/accept", {}),
        (f"{ORDERS[:-9]}%20/orders/{ORDER[-36:]}/accept", {}),
        (f"{ORDER}/accept", {"If-Match": '"v0"'}),
        (f"{ORDER}/accept", {"If-Match": "*"}),
        (f"{ORDER}/accept", {"Idempotency-Key": "k" * 256}),
        (f"{ORDER}/accept", {"Authorization": "Bearer x"}),
        (f"{ORDER}/accept", {"Authorization": f"Bearer {token('v2')}"}),
        (f"{ORDER}/accept", {"Origin": "http://x"}),
    ],
)
async def test_what_is_odd_is_answered_as_by_the_framework(path: str, changed: dict[str, str]) -> None:
    ours = await service()
    fast = await ours.post(ours.lane, path, {**HEADERS, **changed}, b"")
    slow = await ours.post(ours.layers, path, {**HEADERS, **changed}, b"")
    assert (fast.status_code, fast.content, fast.headers) == (slow.status_code, slow.content, slow.headers)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/json;v=1", 201),
        ("application/order+json", 201),
        (None, 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("text/json", 415),
    ],
)
async def test_an_order_is_placed_as_by_the_framework(content_type: str | None, status: int) -> None:
    ours = await service()
    headers = HEADERS if content_type is None else {**HEADERS, "Content-Type": content_type}
    body = msgspec.json.encode(order_body())
    fast = await ours.post(ours.lane, ORDERS, headers, body)
    assert fast.status_code == status, fast.text
    assert ours.framework == (content_type not in {None, "application/json", "Application/JSON; charset=utf-8"})
    slow = await ours.post(ours.layers, ORDERS, headers, body)
    assert (fast.status_code, fast.content, fast.headers) == (slow.status_code, slow.content, slow.headers)
    assert ours.desk.asked[1:] == ours.desk.asked[:1]


PLACE = {"specversion": "1.0", "id": "1", "source": "/till", "type": "order.place.v1", "venueid": "v1"}
EVENTS = [{**PLACE, "data": order_body()}, {**PLACE, "id": "2"}, {**PLACE, "venueid": "v2", "data": order_body()}, 7]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": BATCHED}, EVENTS, 207),
        ({"Content-Type": BATCHED}, EVENTS[:1] * 2, 200),
        ({"Content-Type": BATCHED}, EVENTS * 200, 413),
        ({"Content-Type": BATCHED}, EVENTS[0], 400),
        ({"Content-Type": BATCHED, "Authorization": ""}, EVENTS, 401),
        ({"Content-Type": STRUCTURED}, EVENTS[0], 201),
        ({"Content-Type": STRUCTURED}, EVENTS[1], 422),
        ({"Content-Type": "application/json"}, order_body(), 415),
        ({"Content-Type": "application/json", **{f"ce-{k}": text for k, text in PLACE.items()}}, order_body(), 201),
    ],
)
async def test_events_are_taken_as_by_the_framework(headers: dict[str, str], body: Any, status: int) -> None:
    ours = await service()
    named, content = {**HEADERS, **headers}, msgspec.json.encode(body)
    fast = await ours.post(ours.lane, "/v1/events", named, content)
    assert (fast.status_code, ours.framework) == (status, int(len(content) > MOST_BYTES)), fast.text
    asked, ours.desk.asked = ours.desk.asked, []
    slow = await ours.post(ours.layers, "/v1/events", named, content)
    assert (fast.status_code, fast.content) == (slow.status_code, slow.content)
    assert dict(fast.headers) == dict(slow.headers)
    assert asked == ours.desk.asked


async def test_a_body_in_parts_is_taken_whole_and_one_that_breaks_off_is_no_request() -> None:
    ours = await service()
    body = msgspec.json.encode(EVENTS[:1])
    named = [(name.lower().encode(), text.encode()) for name, text in {**HEADERS, "Content-Type": BATCHED}.items()]
    named.append((b"content-length", b"%d" % len(body)))
    scope = {"type": "http", "method": "POST", "path": "/v1/events", "raw_path": b"", "query_string": b""}
    for last, statuses in (({"type": "http.request", "body": body[9:]}, [200]), ({"type": "http.disconnect"}, [])):
        parts = [last, {"type": "http.request", "body": body[:9], "more_body": True}]
        sent: list[Any] = []

        async def receive(parts: list[Any] = parts) -> Any:
            return parts.pop()

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        await ours.lane({**scope, "headers": named, "state": {}}, receive, send)
        assert [message["status"] for message in sent if "status" in message] == statuses
    assert len(ours.desk.asked) == 1


async def test_a_request_that_is_passed_on_is_charged_once() -> None:
    ours = await service("1/hour")
    assert (await ours.post(ours.lane, f"{ORDER}/reject", HEADERS, b"")).status_code == 422
    assert ours.framework == 1
    assert (await ours.post(ours.lane, f"{ORDER}/reject", HEADERS, b"")).status_code == 429


@pytest.mark.parametrize("path", [ORDERS, f"{ORDER}/accept"])
async def test_an_unforeseen_fault_is_a_problem_and_goes_on_to_the_log(path: str) -> None:
    ours = await service()
    ours.desk.fault = RuntimeError("nobody thought of it")
    body = msgspec.json.encode(order_body()) if path == ORDERS else b""
    answer = await ours.post(ours.lane, path, {**HEADERS, "Content-Type": "application/json"}, body)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"

    async def send(_: Any) -> None:
        return

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    named = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
    named.append((b"content-length", b"%d" % len(body)))
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": b"", "query_string": b"", "headers": named}
    with pytest.raises(RuntimeError, match="nobody thought"):
        await ours.lane({**scope, "state": {}}, receive, send)
