"""The TypeScript client in Node, against the whole system: nothing missed, whatever happens to the notifiers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self
from uuid import uuid4

import pytest

from infra import node
from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, PosClient
from infra.switchboard import Switchboard
from local_stack.stack import Stack


class NodeScreen:
    """A client in a Node process. `orders` and `versions` are what it has shown."""

    def __init__(self, token: str, **options: str) -> None:
        self.tokens = [token]  # the next one it is given; the last is given again
        self.asked = 0
        self.statuses: list[dict[str, Any]] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[int]] = {}
        self._options = options

    async def __aenter__(self) -> Self:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            node.NODE, "contracts/js/test/live_screen.ts", json.dumps(self._options),
            cwd=node.ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24,
        )  # fmt: skip
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._listening

    @property
    def phase(self) -> str:
        return str(self.statuses[-1]["phase"]) if self.statuses else "none"

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "asks" in said:
                self._give_token()
            elif "status" in said:
                self.statuses.append(said["status"])
            else:
                self._take(said)

    def _give_token(self) -> None:
        self.asked += 1
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        assert self._process.stdin is not None
        self._process.stdin.write(f"{token}\n".encode())

    def _take(self, said: dict[str, Any]) -> None:
        if said["whole"]:
            self.orders = {}
        for order in said["orders"]:
            self.orders[order["order_id"]] = order
        for event in said["events"]:
            self.versions.setdefault(event["order_id"], []).append(event["version"])


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """What the lock names."""
    node.install()


@pytest.fixture
async def pos(stack: Stack) -> AsyncIterator[PosClient]:
    """A till at a venue of this test alone."""
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, stack.token(org=ORGANIZATION, venues=[venue])) as client:
        yield client


def token_of(stack: Stack, pos: PosClient, seconds: int = 600) -> str:
    return stack.token(org=ORGANIZATION, venues=[pos.venue_id], lifetime_seconds=seconds)


async def test_an_orders_life_is_shown_version_by_version(stack: Stack, pos: PosClient) -> None:
    options = {"url": stack.notifier_urls[0], "venue": pos.venue_id}
    async with NodeScreen(token_of(stack, pos), **options) as screen:
        await eventually(lambda: screen.phase == "live")
        order = (await pos.place(stack.order_api_urls[0])).json()
        for verb in ("accept", "start", "items/pizza/ready", "items/cola/ready", "complete"):
            order = (await pos.act(stack.order_api_urls[1], order["order_id"], verb)).json()
        await eventually(lambda: screen.orders.get(order["order_id"]) == order)
        assert screen.versions[order["order_id"]] == [1, 2, 3, 4, 5, 6]
        assert [status["phase"] for status in screen.statuses] == ["loading", "live"]


async def test_a_screen_that_is_cut_off_resumes_at_another_replica(stack: Stack, pos: PosClient) -> None:
    async with (
        Switchboard(stack.notifier_urls[0]) as board,
        NodeScreen(token_of(stack, pos), url=board.url, queryUrl=stack.query_urls[0], venue=pos.venue_id) as screen,
    ):
        await eventually(lambda: screen.phase == "live")
        order = (await pos.place(stack.order_api_urls[0])).json()
        await eventually(lambda: order["order_id"] in screen.orders)
        board.target = None
        await board.cut()
        await eventually(lambda: screen.phase == "offline")
        for verb in ("accept", "start"):
            order = (await pos.act(stack.order_api_urls[0], order["order_id"], verb)).json()
        board.target = stack.notifier_urls[1]
        await eventually(lambda: screen.phase == "live")
        await eventually(lambda: screen.orders[order["order_id"]] == order)
        assert screen.versions[order["order_id"]] == [1, 2, 3]


async def test_where_no_socket_can_be_had_the_screen_asks_every_few_seconds(stack: Stack, pos: PosClient) -> None:
    async with (
        Switchboard(None) as board,
        NodeScreen(token_of(stack, pos), url=board.url, queryUrl=stack.query_urls[0], venue=pos.venue_id) as screen,
    ):
        await eventually(lambda: screen.phase == "polling")
        order = (await pos.place(stack.order_api_urls[0])).json()
        await eventually(lambda: screen.orders.get(order["order_id"]) == order, within=25)  # a quiet venue: 15 s a poll
        board.target = stack.notifier_urls[0]
        await eventually(lambda: screen.phase == "live")
        accepted = (await pos.act(stack.order_api_urls[0], order["order_id"], "accept")).json()
        await eventually(lambda: screen.orders[order["order_id"]] == accepted)


async def test_an_expired_token_is_replaced_by_one_that_is_asked_for(stack: Stack, pos: PosClient) -> None:
    expired = token_of(stack, pos, seconds=-60)
    options = {"url": stack.notifier_urls[0], "venue": pos.venue_id}
    async with NodeScreen(expired, **options) as screen:
        screen.tokens.append(token_of(stack, pos))
        await eventually(lambda: screen.phase == "live")
        assert screen.asked == 2


async def test_a_token_that_is_renewed_in_time_keeps_the_connection(stack: Stack, pos: PosClient) -> None:
    soon = token_of(stack, pos, seconds=1)  # the leeway lets it in for eleven seconds, on a busy machine too
    loop = asyncio.get_running_loop()
    expired_at = loop.time() + 13
    options = {"url": stack.notifier_urls[0], "venue": pos.venue_id}
    async with NodeScreen(soon, **options) as screen:
        screen.tokens.append(token_of(stack, pos))
        await eventually(lambda: screen.asked == 2)
        await eventually(lambda: loop.time() > expired_at)
        order = (await pos.place(stack.order_api_urls[0])).json()
        await eventually(lambda: screen.orders.get(order["order_id"]) == order)
        assert [status["phase"] for status in screen.statuses] == ["loading", "live"]


async def test_with_no_better_token_the_screen_says_that_it_is_refused(stack: Stack, pos: PosClient) -> None:
    stranger = stack.token(org="stranger", venues=["elsewhere"])
    options = {"url": stack.notifier_urls[0], "venue": pos.venue_id}
    async with NodeScreen(stranger, **options) as screen:
        await eventually(lambda: screen.phase == "refused")
        assert screen.statuses[-1]["expired"] is False
        assert "not for venue" in screen.statuses[-1]["why"]
