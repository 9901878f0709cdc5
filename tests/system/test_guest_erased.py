"""A guest asks to be forgotten: what they said is on no disk in words, and afterwards in no answer."""

import asyncio
import json
import os
import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, PosClient, order_body
from local_stack.stack import Stack
from order_contracts.channels import PARTITIONS, TOPIC, partition_of
from order_contracts.guest_key_file import read_keys
from order_contracts.guest_texts import ERASED, GuestTexts
from projector.operations.arguments import add_commands
from projector.operations.command import perform
from projector.settings import LogSettings
from scanserve_client.room_listener import RoomListener

SCOPES = ("orders:write", "orders:read", "rooms:join", "analytics:read", "guests:erase")


class Visit:
    """An order of a guest whose words are in no other order, at a venue of its own, and who might show them."""

    def __init__(self, stack: Stack, http: httpx.AsyncClient) -> None:
        self.stack, self.http, self.venue = stack, http, f"venue-{uuid4().hex[:8]}"
        self.token = stack.token(org=ORGANIZATION, venues=[self.venue], scope=SCOPES)
        self.words = [f"{kind}{uuid4().hex[:12]}" for kind in ("name", "note", "allergen", "line", "later", "added")]
        self.mark = f"mark{uuid4().hex[:12]}"  # no guest's: it has to be found wherever the words are looked for
        name, note, allergen, line, *_ = self.words
        body = order_body(guest={"name": name}, notes=note, allergens=[allergen], display_number=self.mark)
        body["items"][0]["notes"] = line
        body["totals"] = {"total": {"amount": 2850, "currency": "EUR"}}
        self.body, self.key, self.order_id = body, uuid4().hex, ""

    async def lived(self, pos: PosClient) -> dict[str, Any]:
        """Place it, change what the guest said, serve, take and give back money; give the order as it ends."""
        one, other = self.stack.order_api_urls
        placed = await pos.place(one, self.body, key=self.key)
        self.order_id = placed.json()["order_id"]
        *_, later, added = self.words
        cake = {"name": "Cake", "quantity": "1", "unit_price": {"amount": 500, "currency": "EUR"}, "notes": added}
        for verb, body in (
            ("accept", None),
            ("notes", {"notes": later}),
            ("items", {"items": [cake]}),
            ("payments/capture", {"amount": {"amount": 2850, "currency": "EUR"}}),
            ("payments/refund", {"amount": {"amount": 950, "currency": "EUR"}, "line_ids": ["cola"]}),
            ("start", None),
            ("ready", None),
            ("complete", None),
        ):
            answer = await pos.act(other, self.order_id, verb, body, If_Match="*")
            assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def asked(self, address: str) -> str:
        answer = await self.http.get(address, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.text
        return answer.text

    def queries(self) -> dict[str, str]:
        """Give whatever the query API could be asked about the order, by a name."""
        venue = f"{self.stack.query_urls[0]}/v1/venues/{self.venue}"
        order = f"{venue}/orders/{self.order_id}"
        return {
            "order": order,
            "history": f"{order}/history",
            "placed": f"{order}?at=1",
            "with later notes": f"{order}?at=3",
            "orders": f"{venue}/orders",
            "changes": f"{venue}/changes?since={self.position}",
            "snapshot": f"{venue}/snapshot",
        }

    async def reports(self) -> str:
        day = date.fromisoformat(self.body["business_date"])
        period = f"from={day}&to={day + timedelta(days=2)}"
        base = f"{self.stack.query_urls[0]}/v1/venues/{self.venue}"
        asked = [f"{base}/analytics/{one}?{period}" for one in ("sales", "items", "refunds")]
        rows = [json.loads(await self.asked(one))["rows"] for one in asked]
        return json.dumps([await self.asked(f"{base}/counts"), *rows])

    async def screen(self) -> RoomListener:
        """Come back as a screen that was away since before the order: the notifier sends it all again."""
        screen = RoomListener(self.token, f"venue:{self.venue}", self.position)
        await screen.connect(self.stack.notifier_urls[0])
        assert "error" not in await screen.subscribe()
        return screen

    async def begin(self) -> None:
        venue = f"{self.stack.query_urls[0]}/v1/venues/{self.venue}/snapshot"
        self.position = json.loads(await self.asked(venue))["position"]


async def log_bytes(stack: Stack, venue: str) -> bytes:
    """Give all that the log holds of a venue: keys, values and headers."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(TOPIC, partition_of(venue, PARTITIONS))
        consumer.assign([partition])
        end, found = (await consumer.end_offsets([partition]))[partition], b""
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(partition, []):
                if record.key == venue.encode():  # garbage of other tests may stand between
                    found += record.key + record.value + b"".join(name.encode() + raw for name, raw in record.headers)
        return found
    finally:
        await consumer.stop()


async def row_bytes(stack: Stack) -> bytes:
    """Give every row of every table and view of ours in Postgres, as text."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        found = [await connection.fetch(f"SELECT t::text FROM {table['name']} AS t") for table in tables]  # noqa: S608
        return "\n".join(row[0] for rows in found for row in rows).encode()
    finally:
        await connection.close()


def disk_bytes_with(folder: Path, words: list[str]) -> list[str]:
    """Name the files below a folder, segments, tables, write-ahead log and all, that hold one of some words."""
    wanted = [word.encode() for word in words]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(word in path.read_bytes() for word in wanted)]


async def command(*words: str, **environment: str) -> dict[str, Any]:
    """Run order-api's command line to its end; give what --json printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "order_api", *words, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return dict(json.loads(said))


async def operated(stack: Stack, *words: str) -> dict[str, Any]:
    """Run one of the projector's commands on the system."""
    parser = ArgumentParser()
    add_commands(parser.add_subparsers(dest="command", required=True))
    settings = LogSettings(kafka_bootstrap_servers=stack.kafka, database_url=stack.database_url)  # type: ignore[arg-type]
    console = Console(file=StringIO(), width=200)
    code, said = await perform(settings, parser.parse_args([*words, "--json"]), console)
    assert code == 0, said + console.file.getvalue()  # type: ignore[attr-defined]
    return dict(json.loads(said))


async def test_an_erased_guest_is_nowhere_and_the_money_is_as_it_was(stack: Stack) -> None:
    async with httpx.AsyncClient(timeout=15) as http:
        visit = Visit(stack, http)
        await visit.begin()
        async with PosClient(visit.venue, visit.token) as pos:
            await _forgotten(stack, visit, pos)


async def _forgotten(stack: Stack, visit: Visit, pos: PosClient) -> None:
    watching = await visit.screen()
    before = await visit.lived(pos)
    address = f"{stack.order_api_urls[1]}/v1/venues/{visit.venue}/orders/{visit.order_id}"

    # while the guest is known: everybody who is let in reads the words, nobody who looks at the disks does
    async def is_row() -> bool:
        return json.loads(await visit.asked(visit.queries()["order"])) == before

    await eventually(is_row)
    await eventually(lambda: watching.orders.get(visit.order_id) == before)
    history = await visit.asked(visit.queries()["history"])
    assert [word for word in visit.words if word not in history] == []
    assert [word for word in visit.words if word not in json.dumps(watching.events)] == []
    reports = await visit.reports()
    assert "2850" in reports
    for held in (await log_bytes(stack, visit.venue), await row_bytes(stack)):
        assert visit.mark.encode() in held
        assert [word for word in visit.words if word.encode() in held] == []

    # when
    erased = await pos.act(stack.order_api_urls[1], visit.order_id, "erase-guest", {"reason": "request 7"})
    after = erased.json()

    # then: the order is what it was, less the guest
    assert after["guest_erased_at"]
    kept = ("payment", "payments", "totals", "status", "display_number", "placed_at")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert after["items"].keys() == before["items"].keys()
    assert "guest" not in after
    assert "notes" not in after

    async def is_erased_row() -> bool:
        return json.loads(await visit.asked(visit.queries()["order"])) == after

    await eventually(is_erased_row)
    await eventually(lambda: watching.orders[visit.order_id] == after)
    await watching.drop()
    await _nobody_says_it(stack, visit, pos, address)  # though the key would still open what the log holds
    still_there = GuestTexts(lambda: read_keys(stack.plan.guest_keys)).opened(await log_bytes(stack, visit.venue))
    assert [word for word in visit.words if word.encode() not in still_there] == []
    await eventually(lambda: _same(visit.reports(), reports))

    # and when its key is taken out too, whichever way the rows are made, they are the same
    keys = stack.plan.guest_keys
    asking = ("erase-guest", visit.order_id, "--venue", visit.venue, "--keys", str(keys), "--json")
    said = await command(*asking, "--url", stack.order_api_urls[0], ORDER_API_TOKEN=visit.token)
    assert [one["outcome"] for one in said["orders"]] == ["was erased before"]
    await operated(stack, "rebuild")
    assert (await operated(stack, "verify"))["equal"] is True
    await _nobody_says_it(stack, visit, pos, address)
    assert await visit.reports() == reports

    # and who has all disks and the keys of now reads nothing
    sealed = await log_bytes(stack, visit.venue)
    opened = GuestTexts(lambda: read_keys(keys)).opened(sealed)
    assert sealed.count(b'{"sealed":') == opened.count(ERASED.encode()) == len(visit.words)
    assert disk_bytes_with(stack.state.folder, visit.words) == []


async def _same(asked: Any, expected: str) -> bool:
    return bool(await asked == expected)


async def _nobody_says_it(stack: Stack, visit: Visit, pos: PosClient, address: str) -> None:
    """Ask whoever could know: order-api, also for its first answer; the query API; and a screen that comes back."""
    repeated = await pos.place(stack.order_api_urls[0], visit.body, key=visit.key)
    assert (repeated.status_code, repeated.headers.get("Idempotent-Replayed")) == (201, "true")
    assert ERASED in repeated.text
    answers = {name: await visit.asked(query) for name, query in visit.queries().items()}
    assert ERASED in answers["history"]
    answers |= {"repeated": repeated.text, "order-api": await visit.asked(address)}
    screen = await visit.screen()
    await eventually(lambda: [e["version"] for e in screen.events] == list(range(1, 11)))
    answers["screen"] = json.dumps(screen.events)
    await screen.drop()
    assert {name: word for name, said in answers.items() for word in visit.words if word in said} == {}
