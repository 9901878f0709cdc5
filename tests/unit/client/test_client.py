"""The Python client: one key a request until there is an answer, and no second try where none can help."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanserve_client import NoAnswer, OrderClient, Refused, Retrying

ORDER: dict[str, Any] = {
    "order_id": "a797f20a-8e5e-505f-9aba-e16ba44e21d6",
    "venue_id": "v1",
    "organization_id": "org",
    "version": 2,
    "status": "accepted",
    "status_since": "2026-11-20T18:25:00Z",
    "channel": "qr",
    "business_date": "2026-11-20",
    "placed_at": "2026-11-20T18:25:00Z",
    "updated_at": "2026-11-20T18:25:00Z",
    "items": {},
    "a_field_of_tomorrow": True,
}
HASTY = Retrying(first_pause=0.0, give_up_after=60.0)
Reply = httpx.Response | Exception


def done(**headers: str) -> httpx.Response:
    return httpx.Response(200, json=ORDER, headers={"ETag": '"v2"', "Position": "abc.1-2", **headers})


class Replicas:
    """Replies in turn, and remembers what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.requests, self.failures = list(replies), list[httpx.Request](), list[str]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def client(self, retrying: Retrying = HASTY) -> OrderClient:
        urls, transport = ["http://one", "http://two"], httpx.MockTransport(self)
        return OrderClient(urls, "t", retrying=retrying, transport=transport, on_failure=self.failures.append)


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("down"), httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(429)]
)
async def test_a_failed_try_is_sent_again_to_the_next_replica_with_the_same_key(failure: Reply) -> None:
    replicas = Replicas(failure, done())
    async with replicas.client() as client:
        answer = await client.accept("v1", ORDER["order_id"])
    first, second = replicas.requests
    assert (first.url.host, second.url.host) == ("one", "two")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (answer.version, answer.position, answer.order.status) == (2, "abc.1-2", "accepted")
    assert len(replicas.failures) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422, 428])
async def test_a_refusal_is_not_sent_again_and_says_why(status: int) -> None:
    problem = {"code": "transition_not_allowed", "detail": "the order is completed", "field": "status"}
    replicas = Replicas(httpx.Response(status, json=problem))
    async with replicas.client() as client:
        with pytest.raises(Refused, match="the order is completed") as refused:
            await client.start("v1", ORDER["order_id"])
    assert (refused.value.status, refused.value.code, refused.value.field) == (
        status,
        "transition_not_allowed",
        "status",
    )


async def test_a_refusal_that_is_no_problem_document_is_still_a_refusal() -> None:
    async with Replicas(httpx.Response(404, text="<html>")).client() as client:
        with pytest.raises(Refused, match="refused with 404"):
            await client.read("v1", "x")


async def test_without_an_answer_the_key_is_given_back() -> None:
    replicas = Replicas(*[httpx.ConnectError("down")] * 3)
    async with replicas.client(Retrying(first_pause=0.0, give_up_after=-1.0)) as client:
        with pytest.raises(NoAnswer, match="till-42") as no_answer:
            await client.place("v1", {}, key="till-42")
    assert no_answer.value.key == "till-42"


async def test_an_answer_keeps_what_this_release_does_not_know() -> None:
    async with Replicas(done(**{"Idempotent-Replayed": "true"})).client() as client:
        answer = await client.place("v1", {}, key="k")
    assert answer.document["a_field_of_tomorrow"] is True
    assert answer.replayed


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (lambda c: c.place("v1", {"a": 1}), "/v1/venues/v1/orders", b'{"a":1}'),
        (lambda c: c.reject("v1", "o", "no"), "/v1/venues/v1/orders/o/reject", b'{"reason":"no"}'),
        (lambda c: c.item_ready("v1", "o", "7"), "/v1/venues/v1/orders/o/items/7/ready", b""),
        (lambda c: c.cancel("v1", "o", "no"), "/v1/venues/v1/orders/o/cancel", b'{"reason":"no"}'),
        (lambda c: c.complete("v1", "o"), "/v1/venues/v1/orders/o/complete", b""),
        (lambda c: c.recall("v1", "o"), "/v1/venues/v1/orders/o/recall", b""),
        (lambda c: c.ready("v1", "o"), "/v1/venues/v1/orders/o/ready", b""),
    ],
)
async def test_each_verb_has_its_path_and_body(call: Callable[[OrderClient], Any], path: str, body: bytes) -> None:
    replicas = Replicas(done())
    async with replicas.client() as client:
        await call(client)
    (request,) = replicas.requests
    assert (request.url.path, request.content) == (path, body)


async def test_a_pinned_version_goes_along() -> None:
    replicas = Replicas(done())
    async with replicas.client() as client:
        await client.act("v1", "o", "notes", {"notes": "x"}, if_version=7)
    assert replicas.requests[0].headers["if-match"] == '"v7"'


@given(st.integers(0, 1000), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 100))
def test_a_pause_is_bounded_and_keeps_to_the_servers_word(attempt: int, chance: float, asked: float | None) -> None:
    pause = Retrying().pause(attempt, chance, asked)
    assert (asked or 0) <= pause <= max(5.0, asked or 0)
