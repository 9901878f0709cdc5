"""The whole system as it runs: from a till to a screen and into Postgres, whatever else comes along."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, PosClient
from local_stack.stack import Stack
from order_contracts.channels import PARTITIONS, TOPIC, partition_of
from scanserve_client.room_listener import RoomListener

LIFE = ("accept", "start", "items/pizza/ready", "items/cola/ready", "complete")


class Venue:
    """One venue with a till, a screen, and the query API's view of it."""

    def __init__(self, stack: Stack) -> None:
        self.id = f"venue-{uuid4().hex[:8]}"
        self.stack = stack
        self.token = stack.token(org=ORGANIZATION, venues=[self.id])
        self.pos = PosClient(self.id, self.token)
        self.http = httpx.AsyncClient(headers={"Authorization": f"Bearer {self.token}"}, timeout=10)

    async def snapshot(self) -> dict[str, Any]:
        response = await self.http.get(f"{self.stack.query_urls[0]}/v1/venues/{self.id}/snapshot")
        return dict(response.raise_for_status().json())

    async def is_without_snapshot(self) -> bool:
        """Say whether none can be had; one that was loaded just before is good for another second."""
        response = await self.http.get(f"{self.stack.query_urls[0]}/v1/venues/{self.id}/snapshot")
        return response.status_code == 503 and "retry-after" in response.headers

    async def row(self, order_id: str) -> dict[str, Any]:
        response = await self.http.get(f"{self.stack.query_urls[0]}/v1/venues/{self.id}/orders/{order_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def screen(self, replica: int) -> RoomListener:
        position = (await self.snapshot())["position"]
        screen = RoomListener(self.token, f"venue:{self.id}", position, self.snapshot)
        await screen.connect(self.stack.notifier_urls[replica])
        assert "error" not in await screen.subscribe()
        return screen


@pytest.fixture
async def venue(stack: Stack) -> AsyncIterator[Venue]:
    """A venue of this test alone."""
    fresh = Venue(stack)
    yield fresh
    await fresh.pos.__aexit__()
    await fresh.http.aclose()


async def test_an_order_goes_from_the_till_to_the_screens_and_into_postgres(venue: Venue) -> None:
    screens = [await venue.screen(replica) for replica in range(2)]
    order = (await venue.pos.place(venue.stack.order_api_urls[0])).json()
    for number, verb in enumerate(LIFE):
        answer = await venue.pos.act(venue.stack.order_api_urls[number % 2], order["order_id"], verb)
        assert answer.status_code == 200, answer.text
    final = answer.json()

    async def arrived() -> bool:
        assert await venue.row(order["order_id"]) == final
        return all(screen.orders.get(order["order_id"]) == final for screen in screens)

    await eventually(arrived)
    for screen in screens:
        assert [event["version"] for event in screen.events] == [1, 2, 3, 4, 5, 6]
        assert (screen.duplicates, screen.gaps) == (0, [])
        await screen.drop()


async def test_the_snapshot_holds_what_is_open_and_the_room_goes_on_from_there(venue: Venue) -> None:
    url = venue.stack.order_api_urls[0]
    open_order, closed_order = [(await venue.pos.place(url)).json()["order_id"] for _ in range(2)]
    closing = await venue.pos.act(url, closed_order, "reject", {"reason": "closed"})
    await eventually(lambda: _is(venue.row(closed_order), closing.json()))
    snapshot = await venue.snapshot()
    assert [order["order_id"] for order in snapshot["orders"]] == [open_order]
    screen = RoomListener(venue.token, f"venue:{venue.id}")
    screen.begin(snapshot)
    accepted = (await venue.pos.act(url, open_order, "accept")).json()
    await screen.connect(venue.stack.notifier_urls[1])
    await screen.subscribe()
    await eventually(lambda: screen.orders[open_order] == accepted)
    assert (screen.gaps, len(screen.events)) == ([], 1)
    await screen.drop()


async def test_a_screen_that_was_away_gets_what_it_missed_from_the_other_replica(venue: Venue) -> None:
    url = venue.stack.order_api_urls[0]
    screen = await venue.screen(0)
    order_id = (await venue.pos.place(url)).json()["order_id"]
    await eventually(lambda: order_id in screen.orders)
    await screen.drop()
    for verb in ("accept", "start"):
        last = (await venue.pos.act(url, order_id, verb)).json()
    await screen.connect(venue.stack.notifier_urls[1])
    await screen.subscribe()
    await eventually(lambda: screen.orders[order_id] == last)
    assert ([event["version"] for event in screen.events], screen.duplicates, screen.gaps) == ([1, 2, 3], 0, [])
    await screen.drop()


async def test_garbage_in_the_topic_stops_nobody(venue: Venue) -> None:
    screen = await venue.screen(0)
    url = venue.stack.order_api_urls[0]
    order_id = (await venue.pos.place(url)).json()["order_id"]
    producer = AIOKafkaProducer(bootstrap_servers=venue.stack.kafka)
    await producer.start()
    try:
        for key, value, headers in (
            (None, b"\xff\xfe\x00", []),
            (venue.id.encode(), None, [("ce_id", b"\xff")]),
            (venue.id.encode(), b'{"id": "x"}', [("ce_specversion", b"1.0"), ("ce_subject", order_id.encode())]),
            (venue.id.encode(), b"[" * 100_000, []),
        ):
            partition = partition_of(venue.id, PARTITIONS)
            await producer.send_and_wait(TOPIC, value, key=key, headers=headers, partition=partition)
    finally:
        await producer.stop()
    accepted = (await venue.pos.act(url, order_id, "accept")).json()
    assert accepted["version"] == 2
    await eventually(lambda: screen.orders.get(order_id) == accepted)
    await eventually(lambda: _is(venue.row(order_id), accepted))
    assert screen.gaps == []
    await screen.drop()


async def test_a_stranger_sees_nothing_of_the_venue(venue: Venue) -> None:
    await venue.pos.place(venue.stack.order_api_urls[0])
    stranger = venue.stack.token(org="another", venues=["elsewhere"])
    listener = RoomListener(stranger, f"venue:{venue.id}")
    await listener.connect(venue.stack.notifier_urls[0])
    assert "not for venue" in (await listener.subscribe())["error"]
    await listener.drop()
    venue.http.headers["Authorization"] = f"Bearer {stranger}"
    response = await venue.http.get(f"{venue.stack.query_urls[0]}/v1/venues/{venue.id}/snapshot")
    assert (response.status_code, response.headers["content-type"]) == (403, "application/problem+json")


async def test_orders_are_taken_and_screens_live_while_postgres_is_down(venue: Venue) -> None:
    screen = await venue.screen(0)
    await venue.stack.stop_one("postgres")
    try:
        order = (await venue.pos.place(venue.stack.order_api_urls[0])).json()
        await eventually(lambda: screen.orders.get(order["order_id"]) == order)
        await eventually(venue.is_without_snapshot)
        await venue.stack.stop_one("order-api-1")
        await venue.stack.start_one("order-api-1")  # which would begin with the rows
        accepted = await venue.pos.act(venue.stack.order_api_urls[0], order["order_id"], "accept")
        assert accepted.status_code == 200, accepted.text
        order = accepted.json()
    finally:
        await venue.stack.start_one("postgres")
    await eventually(lambda: _is(venue.row(order["order_id"]), order))
    await screen.drop()


async def _is(work: Any, expected: Any) -> bool:
    return bool(await work == expected)


async def test_the_demo_checks_itself_while_services_are_killed() -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local_stack", "demo", "--seconds", "10", "--kill",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await demo.communicate()
    assert demo.returncode == 0, output.decode()
    assert "all checks passed" in output.decode()
