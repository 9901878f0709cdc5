"""The OpenAPI document is kept: whatever it allows is taken or refused as it says, and what it forbids is refused."""

import asyncio
import os
import sys
from pathlib import Path

from infra.pos_client import PosClient, order_body, token
from integration.order_api.conftest import Replicas

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
