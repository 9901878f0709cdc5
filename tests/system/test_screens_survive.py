"""Many screens, over real sockets, while notifiers are killed at random: each ends as the rows are, and has seen each
version of each order once and in order.

CHAOS_SCREENS and CHAOS_KILLS say how many (`make chaos`: 500 screens); `make test` is content with fewer.
"""

import asyncio
import os
from collections import defaultdict
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, order_body
from local_stack.stack import Stack
from scanserve_client import OrderClient
from scanserve_client.following import RoomFollower, Status, VenueRows

SCREENS = int(os.environ.get("CHAOS_SCREENS", "40"))
KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
VENUES = 5
LIFE = ("accept", "start", "items/pizza/ready", "items/cola/ready", "complete")


class Evening:
    """Venues with a till and screens each; `over` ends the tills."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack, self.random, self.over = stack, Random(seed), False
        self.venues = [f"venue-{uuid4().hex[:8]}" for _ in range(VENUES)]
        self.token = stack.token(org=ORGANIZATION, venues=self.venues)
        self.followers = [self.follower(number) for number in range(SCREENS)]

    def follower(self, number: int) -> RoomFollower:
        """Make a screen: every fifth over an event stream, beginning at either replica."""
        venue = self.venues[number % VENUES]
        rows = VenueRows(self.stack.query_urls[0], venue)
        urls = self.stack.notifier_urls
        return RoomFollower(
            f"venue:{venue}",
            notifier_urls=urls if number % 2 else urls[::-1],
            token=self.token,
            snapshot=rows.snapshot,
            order=rows.order,
            transport="sse" if number // VENUES % 5 == 4 else "socketio",
        )

    async def serve(self, venue: str) -> None:
        """Let orders live through their lives until it is over."""
        async with OrderClient(self.stack.order_api_urls, self.token) as till:
            while not self.over:
                order_id = (await till.place(venue, order_body())).order.order_id
                for verb in LIFE:
                    await till.act(venue, order_id, verb)
                    await asyncio.sleep(self.random.uniform(0, 0.1))  # a kitchen's pace: the screens are what is tried

    async def kill_at_random(self) -> None:
        """Kill one notifier after the other; screens are given no time to settle."""
        for _ in range(KILLS):
            name = self.random.choice(("notifier-1", "notifier-2"))
            await asyncio.sleep(self.random.uniform(0.2, 1.5))  # the schedule itself, not a wait for something
            await self.stack.kill(name)
            await self.stack.ready(name)
        self.over = True

    async def rows(self, venue: str) -> dict[str, Any]:
        """Give all orders of a venue, as the read model has them."""
        orders: dict[str, Any] = {}
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {self.token}"}, timeout=10) as http:
            cursor: str | None = None
            while cursor is not None or not orders:
                query: dict[str, Any] = {"limit": 200, **({} if cursor is None else {"cursor": cursor})}
                url = f"{self.stack.query_urls[0]}/v1/venues/{venue}/orders"
                page = (await http.get(url, params=query)).raise_for_status().json()
                orders |= {order["order_id"]: order for order in page["orders"]}
                cursor = page["next"]
                if cursor is None:
                    break
        return orders


async def settled(evening: Evening) -> bool:
    for venue in evening.venues:
        rows = await evening.rows(venue)
        assert all(order["status"] == "completed" for order in rows.values()), "the rows are behind"
        for follower in evening.followers:
            if follower.listener.room == f"venue:{venue}":
                assert follower.listener.orders == rows, f"{follower.listener.transport} at {venue}"
    return True


def seen(follower: RoomFollower) -> dict[str, list[int]]:
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for event in follower.listener.events:
        versions[event["order_id"]].append(event["version"])
    return versions


@pytest.mark.timeout(300 + KILLS * 10 + SCREENS)
async def test_no_screen_misses_or_repeats_a_version_while_notifiers_die(stack: Stack) -> None:
    evening = Evening(stack, seed=int(os.environ.get("CHAOS_SEED", "6")))
    following = [asyncio.create_task(follower.run()) for follower in evening.followers]
    try:
        await eventually(lambda: all(f.status is Status.LIVE for f in evening.followers), within=60)
        async with asyncio.TaskGroup() as group:
            for venue in evening.venues:
                group.create_task(evening.serve(venue))
            group.create_task(evening.kill_at_random())
        await eventually(lambda: settled(evening), within=60, what="every screen as the rows")
        for follower in evening.followers:
            listener = follower.listener
            assert seen(follower) == {order: [1, 2, 3, 4, 5, 6] for order in listener.orders}
            assert (listener.gaps, listener.resyncs) == ([], 1), "the ring holds it all: one snapshot was enough"
        assert sum(follower.listener.connections for follower in evening.followers) > SCREENS, "nobody was cut off"
    finally:
        for task in following:
            task.cancel()
        ended = await asyncio.gather(*following, return_exceptions=True)
    assert [error for error in ended if not isinstance(error, asyncio.CancelledError)] == []
