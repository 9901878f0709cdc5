"""The query API's OpenAPI document is kept: what it allows is answered as it says, and what it forbids is refused."""

import asyncio
import os
import sys
from pathlib import Path

from infra.query_client import query_api, token
from infra.random_log import Entry, entry_of
from infra.running_projector import PARTITIONS, World
from order_contracts.events import decode_event
from order_contracts.examples import ORGANIZATION, VENUE, golden_records

CONFIG = """
[parameters]
"path.venue_id" = "{venue}"
"path.organization_id" = "{organization}"
"path.order_id" = "{order}"
"query.since" = "{position}"
"header.If-Min-Position" = "{position}"
"query.at" = "1"
"query.cursor" = "{cursor}"
"query.from" = "2026-11-01"
"query.to" = "2026-12-01"
"query.tz" = "Europe/Rome"
[auth.openapi.token]
bearer = "{bearer}"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 304, 404, 410]
[checks.negative_data_rejection]
expected-statuses = [401, 403, 404, 405, 412, 422]
"""


def golden() -> list[Entry]:
    return [entry_of(decode_event(record["value"].encode()), PARTITIONS) for _, record in golden_records()]


async def test_no_request_finds_the_document_wrong(world: World, tmp_path: Path) -> None:
    entries = golden()
    await world.append(entries)
    async with world.running():
        await world.caught_up(len(entries))
    claims = {"organization_id": ORGANIZATION, "scopes": ("orders:read", "analytics:read")}
    bearer = token("*", **claims)
    async with query_api(world.database_url, PARTITIONS) as client:
        client.headers["Authorization"] = f"Bearer {bearer}"
        snapshot = await client.get(f"/v1/venues/{VENUE}/snapshot")
        [order] = snapshot.json()["orders"]
        page = await client.get(f"/v1/venues/{VENUE}/orders", params={"limit": 1})
        values = {"venue": VENUE, "organization": ORGANIZATION, "order": order["order_id"], "bearer": bearer}
        config = tmp_path / "schemathesis.toml"
        values |= {"position": snapshot.json()["position"], "cursor": page.json()["next"]}
        config.write_text(CONFIG.format(**values))
        said, code = await schemathesis(config, f"{client.base_url}/openapi.json")
    assert code == 0, said


async def schemathesis(config: Path, document: str) -> tuple[str, int | None]:
    running = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(config), "--no-color"),
        *("run", document, "--include-path-regex", "^/v1/"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1", "--generation-database=none"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(os.environ),
        cwd=config.parent,
    )
    said, _ = await running.communicate()
    return said.decode(), running.returncode


async def test_every_answer_has_an_example_and_every_example_is_one(world: World) -> None:
    async with query_api(world.database_url, PARTITIONS) as client:
        document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for status, answer in methods["get"]["responses"].items():
            for kind, content in answer.get("content", {}).items():
                assert "example" in content, (path, status, kind)
