"""The import against two replicas: twice is once, killed and taken up again is whole, bad lines stop no other."""

import asyncio
import gzip
import json
import random
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, SCOPES, token
from integration.order_api.conftest import Replicas
from integration.order_api.test_replicas import accepted_events
from local_stack.program import inherited

TAKEAWAY = Path(__file__).parents[4] / "shared" / "data" / "takeaway-orders.csv.gz"
HEAD = "OrderNumber,OrderDate,ItemName,Quantity,ProductPrice,TotalProducts"


@pytest.fixture
def venue() -> str:
    return f"venue-{uuid4().hex[:8]}"


async def start(replicas: Replicas, venue: str, file: Path, *more: str, **environment: str) -> Process:
    told = {"ORDER_API_TOKEN": token(venue, scopes=(*SCOPES, "orders:import")), **environment}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "order_api", "import", str(file), "--venue", venue, "--org", ORGANIZATION),
        *("--url", replicas.urls[0], "--state", str(file.with_suffix(".state")), *more),
        env={**inherited(), **told},
        stdin=DEVNULL,
        stderr=PIPE,
    )


async def run(replicas: Replicas, venue: str, file: Path, *more: str, **environment: str) -> tuple[int, str]:
    process = await start(replicas, venue, file, *more, **environment)
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


def takeaway_rows(orders: int) -> list[str]:
    """Give real rows where they are on this machine, else made-up ones."""
    if TAKEAWAY.is_file():
        rows = gzip.decompress(TAKEAWAY.read_bytes()).decode().splitlines()[1:]
        size = Counter(row.partition(",")[0] for row in rows)
        whole = {row.partition(",")[0] for row in rows if size[row.partition(",")[0]] == int(row.rpartition(",")[2])}
        chosen = {*islice((number for number in size if number in whole), orders)}
        return [row for row in rows if row.partition(",")[0] in chosen]
    made = random.Random(4)
    begun = datetime(2019, 8, 3, 20, 25)  # noqa: DTZ001  # the format's times are local
    rows = []
    for number in range(orders):
        size, moment = made.randint(1, 6), begun - timedelta(minutes=7 * number)
        line = f"{16118 - number},{moment:%d/%m/%Y %H:%M},Naan,{made.randint(1, 3)},2.95,{size}"
        rows += [line] * size
    return rows


def past(number: int, **changes: Any) -> str:
    order = {
        "business_date": "2019-08-03",
        "placed_at": "2019-08-03T20:25:00+01:00",
        "external_ref": {"source": "old-till", "id": str(number)},
        "items": [{"name": "Naan", "quantity": "1", "unit_price": {"amount": 295, "currency": "GBP"}}],
    }
    return json.dumps({**order, **changes})


async def test_the_takeaways_history_imported_twice_is_there_once(
    replicas: Replicas, venue: str, tmp_path: Path
) -> None:
    file = tmp_path / "history.csv.gz"
    file.write_bytes(gzip.compress("\n".join([HEAD, *takeaway_rows(300)]).encode()))
    code, said = await run(replicas, venue, file, "--rate", "2000", "--source", "takeaway")
    assert code == 0, said
    assert "300 imported" in said, said
    code, said = await run(replicas, venue, file, "--rate", "2000", "--source", "takeaway", "--url", replicas.urls[1])
    assert code == 0, said
    assert "0 imported" in said, said
    events = await accepted_events(replicas, venue)
    assert len(events) == len({event.order_id for event in events}) == 300
    assert {event.type for event in events} == {"order.imported.v1"}
    assert not file.with_suffix(".state").exists()


async def test_killed_in_the_middle_and_taken_up_again_it_is_whole(
    replicas: Replicas, venue: str, tmp_path: Path
) -> None:
    file = tmp_path / "history.ndjson"
    file.write_text("\n".join(past(number) for number in range(600)))
    first = await start(replicas, venue, file, "--rate", "250")
    state = file.with_suffix(".state")
    await eventually(lambda: state.exists() and json.loads(state.read_bytes())["entries"] >= 250)
    first.kill()
    await first.communicate()
    held = json.loads(state.read_bytes())["entries"]
    assert held < 600
    code, said = await run(replicas, venue, file, "--rate", "5000")
    assert (code, f"going on after {held} orders" in said) == (0, True), said
    events = await accepted_events(replicas, venue)
    assert len(events) == len({event.order_id for event in events}) == 600


async def test_bad_lines_are_named_and_the_others_go_in(replicas: Replicas, venue: str, tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson"
    other = past(1, notes="the same order, told otherwise")
    lines = [past(1), "{", past(2, items=[]), past(3, status="placed"), past(4, allergenes=["nuts"]), other, past(5)]
    file.write_text("\n".join(lines))
    code, said = await run(replicas, venue, file)
    assert code == 1
    for expected in ("line 2: is no JSON", "line 3, items:", "line 4, status:", "line 5, allergenes:", "line 6,"):
        assert expected in said, said
    assert "2 imported, 0 were there already, 5 failed" in said
    assert len(await accepted_events(replicas, venue)) == 2


async def test_a_token_without_the_scope_lets_nothing_in(replicas: Replicas, venue: str, tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson"
    file.write_text(past(1))
    code, said = await run(replicas, venue, file, ORDER_API_TOKEN=token(venue))
    assert code == 1
    assert said == "stopped: order-api does not allow it: the token has no scope orders:import\n"
