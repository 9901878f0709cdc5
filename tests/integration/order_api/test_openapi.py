"""What /openapi.json says is what a running replica does: requests are made from it, and each answer is held to it."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.pos_client import order_body, token
from integration.order_api.conftest import Replicas

VENUE = "openapi"
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
keys = count()


@pytest.fixture(scope="module")
def document(replicas: Replicas) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{replicas.urls[0]}/openapi.json")


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.headers["Authorization"] = f"Bearer {token(VENUE)}"
        yield opened


def place(url: str, session: requests.Session) -> str:
    answer = session.post(
        f"{url}/v1/venues/{VENUE}/orders",
        json=order_body(),
        headers={"Idempotency-Key": f"openapi-{next(keys)}"},
        timeout=10,
    )
    order_id: str = answer.json()["order_id"]
    return order_id


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_operation_does_what_the_document_says(
    replicas: Replicas, document: schemathesis.BaseSchema, session: requests.Session, mode: str
) -> None:
    order_ids = [place(replicas.urls[0], session) for _ in range(8)]
    statuses = Counter[int]()
    for number, found in enumerate(document.get_all_operations()):
        operation = found.ok()
        if mode == "negative" and not (list(operation.iter_parameters()) or operation.body):
            continue  # there is nothing to get wrong

        @seed(number)
        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(schemathesis.GenerationMode(mode)))
        def check(case: Any) -> None:
            if mode == "positive":
                aim(case, order_ids)
            answer = case.call_and_validate(session=session, checks=CHECKS, timeout=10)
            statuses[answer.status_code] += 1

        check()
    expected = {200, 201, 409, 422} if mode == "positive" else {401, 422}
    assert expected <= set(statuses), "the requests were too wild, or too tame, to prove anything"


def aim(case: Any, order_ids: list[str]) -> None:
    """Put in what no schema tells: a venue of the token's, an order that is there, a key of its own."""
    case.path_parameters = {**(case.path_parameters or {})}
    if "venue_id" in case.path_parameters:
        case.path_parameters["venue_id"] = VENUE
    if "order_id" in case.path_parameters:
        case.path_parameters["order_id"] = order_ids[next(keys) % len(order_ids)]
    case.headers = {**(case.headers or {}), "Idempotency-Key": f"openapi-{next(keys)}"}
    case.headers.pop("If-Match", None)
    if isinstance(case.body, dict) and "business_date" in case.body:
        case.body["business_date"] = order_body()["business_date"]
