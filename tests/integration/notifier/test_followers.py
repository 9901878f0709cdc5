"""The following client against a real notifier: newer tokens, statuses, the end, orders first heard of in mid-life."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from order_contracts.claims import LEEWAY_SECONDS
from scanserve_client.following import RoomFollower, SignedOut, Status
from scanserve_client.wire import Transport


@asynccontextmanager
async def running(follower: RoomFollower) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(follower.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, SignedOut):
            await task


def short_lived(venue: str, made: list[str]) -> Callable[[], Any]:
    async def fresh() -> str:
        made.append(token([venue], seconds=3 - LEEWAY_SECONDS))
        return made[-1]

    return fresh


@pytest.mark.parametrize(("transport", "reconnects"), [("socketio", False), ("sse", True)])
async def test_tokens_of_three_seconds_follow_for_longer_without_a_loss(
    replica: NotifierProcess, writer: OrderWriter, transport: Transport, reconnects: bool
) -> None:
    made: list[str] = []
    follower = RoomFollower(
        f"venue:{writer.venue}",
        notifier_urls=[replica.url],
        token=short_lived(writer.venue, made),
        transport=transport,
    )
    async with running(follower):
        await eventually(lambda: follower.status is Status.LIVE)
        while len(made) < 4:
            await writer.append("a")
            await asyncio.sleep(0.1)  # a pace, not a wait: four tokens last for some eight seconds
        written = writer.appended[writer.venue]
        await eventually(lambda: len(follower.listener.events) == len(written))
        listener = follower.listener
        assert [event["id"] for event in listener.events] == [event.id for event in written]
        assert (listener.gaps, listener.signed_out) == ([], [])
        assert (listener.connections > 1) is reconnects


@pytest.mark.parametrize("transport", ["socketio", "sse"])
async def test_a_token_that_is_revoked_ends_following_with_the_reason(
    start: Start, writer: OrderWriter, tmp_path: Path, transport: Transport
) -> None:
    revoked = tmp_path / "revoked"
    revoked.touch()
    own = await start(REVOKED_TOKENS_FILE=str(revoked), REVOKED_TOKENS_SECONDS="0.2")
    given, statuses = token([writer.venue], token_id="lost"), list[Status]()
    follower = RoomFollower(
        f"venue:{writer.venue}",
        notifier_urls=[own.url],
        token=given,
        transport=transport,
        on_status=statuses.append,
    )
    async with running(follower) as following:
        await eventually(lambda: follower.status is Status.LIVE)
        revoked.write_text("lost\n")
        with pytest.raises(SignedOut, match="revoked"):
            await asyncio.wait_for(following, 10)
    assert statuses == [Status.LIVE]


async def test_an_order_first_heard_of_in_mid_life_is_fetched(replica: NotifierProcess, writer: OrderWriter) -> None:
    for _ in range(3):
        await writer.append("a")
    asked: list[str] = []
    shown: list[Any] = []

    async def snapshot(_: str) -> dict[str, Any]:
        return {"position": None, "orders": []}

    async def order(_: str, order_id: str) -> dict[str, Any]:
        asked.append(order_id)
        return {"order_id": order_id, "version": 3 if len(asked) == 1 else 4, "status": "fetched"}

    async def has_read() -> bool:
        return await replica.metric('notifier_records_total{fate="accepted"}') >= 3

    await eventually(has_read)
    follower = RoomFollower(
        f"venue:{writer.venue}",
        notifier_urls=[replica.url],
        token=token([writer.venue]),
        snapshot=snapshot,
        order=order,
        on_orders=lambda orders: shown.append(dict(orders)),
    )
    order_id = f"{writer.venue}-a"
    async with running(follower):
        await eventually(lambda: follower.status is Status.LIVE)
        await writer.append("a")
        await eventually(lambda: shown[-1].get(order_id, {}).get("version") == 4)
        assert asked == [order_id, order_id], "the first answer was older than the event"
        await writer.append("a")
        await eventually(lambda: shown[-1][order_id].get("version") == 5)
        assert shown[-1][order_id]["status"] == "completed"


async def test_away_is_said_and_the_next_replica_is_tried(
    start: Start, replica: NotifierProcess, writer: OrderWriter
) -> None:
    first, statuses = await start(), list[Status]()
    follower = RoomFollower(
        f"venue:{writer.venue}",
        notifier_urls=[first.url, replica.url],
        token=token([writer.venue]),
        on_status=statuses.append,
    )
    async with running(follower):
        await eventually(lambda: follower.status is Status.LIVE)
        await writer.append("a")
        await eventually(lambda: follower.listener.events)
        first.kill()
        await writer.append("a")
        await eventually(lambda: len(follower.listener.events) == 2)
        await eventually(lambda: follower.status is Status.LIVE)
    assert statuses == [Status.LIVE, Status.AWAY, Status.LIVE]
    assert follower.listener.gaps == []
