"""The OpenAPI document is kept: whatever it allows is taken or refused as it says, and what it forbids is refused."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.picture_store import BUCKET, KEY_ID, REGION, SECRET_KEY
from infra.pos_client import SCOPES, PosClient, order_body, token
from infra.services import PICTURES, Backing
from integration.order_api.conftest import Replicas, two_replicas

CONFIG = """
hooks = "infra.openapi_hooks"
[parameters]
"path.venue_id" = "{venue_id}"
"path.order_id" = "{order_id}"
[auth.openapi.token]
bearer = "{bearer}"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 412, 207, 413, 415, 422, 428]
[checks.missing_required_header]
expected-statuses = [400, 401, 428]
"""
TESTS = Path(__file__).parents[2]
ORDERS = "/v1/venues/{venue_id}/orders"
STARTS = ("", "accept", "accept ready", "scheduled", "items/1/hold", "payments/authorize", "payments/capture")
EXAMPLE_VENUE, EXAMPLE_ORDER = "osteria-nord", "a797f20a-8e5e-505f-9aba-e16ba44e21d6"
SIGNING = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "IMAGES_BUCKET": BUCKET,
    "IMAGES_REGION": REGION,
    "IMAGES_URL": PICTURES,
}


@pytest.fixture(scope="module")
def replicas(backing: Backing) -> Iterator[Replicas]:
    with two_replicas(backing, **SIGNING) as running:
        yield running


@pytest.fixture
async def pos() -> AsyncIterator[PosClient]:
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, token(venue, scopes=(*SCOPES, "images:write", "guests:erase"))) as client:
        yield client


def examples(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Give the examples of what is posted: path, media type, body."""
    for path, methods in document["paths"].items():
        for kind, content in methods.get("post", {}).get("requestBody", {}).get("content", {}).items():
            if "example" in content:
                yield path, kind, content["example"]
                continue
            schema = content["schema"]
            name = (schema.get("$ref") or schema["anyOf"][0]["$ref"]).rpartition("/")[2]
            for example in document["components"]["schemas"][name]["examples"]:
                yield path, kind, example


async def test_every_example_is_taken_as_it_stands(replicas: Replicas, pos: PosClient) -> None:
    url, venue = replicas.urls[0], pos.venue_id
    found = list(examples((await pos.send("GET", f"{url}/openapi.json")).json()))
    (new,) = [body for path, _, body in found if path == ORDERS]

    async def order_at(start: str) -> str:
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        later = {"scheduled_for": tomorrow} if start == "scheduled" else {}
        placed = await pos.place(url, {**new, "external_ref": {"source": "till-3", "id": uuid4().hex}, **later})
        assert placed.status_code == 201, placed.text
        order: str = placed.json()["order_id"]
        for verb in start.split() if not later else ():
            body = {"amount": new["totals"]["total"]} if verb.startswith("payments") else None
            assert (await pos.act(url, order, verb, body)).is_success
        return order

    async def refusals(path: str, kind: str, body: Any) -> list[str]:
        """Send it to an order at each of the starts until one takes it; give what was said if none does."""
        said: list[str] = []
        for start in STARTS:
            order = await order_at(start)
            sent = json.dumps(body).replace(EXAMPLE_ORDER, order).replace(EXAMPLE_VENUE, venue)
            address = url + path.format(venue_id=venue, order_id=order, line_id="1", station="oven")
            headers = {"Content-Type": kind, "Idempotency-Key": uuid4().hex, "If-Match": "*"}
            answer = await pos.send("POST", address, content=sent, headers=headers)
            said.append(f"{answer.status_code} {answer.text}")
            if answer.status_code in {200, 201} and not answer.json().get("ignored"):
                return []
        return said

    refused = {(path, kind): said for path, kind, body in found if (said := await refusals(path, kind, body))}
    assert refused == {}
    assert len(found) > 30


async def test_no_request_finds_the_document_wrong(replicas: Replicas, pos: PosClient, tmp_path: Path) -> None:
    totals = {"total": {"amount": 2850, "currency": "EUR"}}
    placed = await pos.place(replicas.urls[0], order_body(totals=totals))
    values = {"venue_id": pos.venue_id, "order_id": placed.json()["order_id"], "bearer": token(pos.venue_id)}
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(**values))
    running = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(config), "--no-color"),
        *("run", f"{replicas.urls[0]}/openapi.json", "--include-path-regex", "^/v1/"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "4", "--seed", "1", "--generation-database=none"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        cwd=tmp_path,
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
