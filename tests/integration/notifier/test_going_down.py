"""A replica that is told to stop sends its screens to another one, first."""

import asyncio

import pytest

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from scanserve_client.following import RoomFollower
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import ConnectionRefused


async def test_screens_are_told_and_move_to_another_replica_without_a_loss(
    start: Start, replica: NotifierProcess, writer: OrderWriter
) -> None:
    leaving = await start(DRAIN_SECONDS="1")
    followers = [
        RoomFollower(
            f"venue:{writer.venue}",
            notifier_urls=[leaving.url, replica.url],
            token=token([writer.venue]),
            transport=transport,
        )
        for transport in ("socketio", "sse")
        for _ in range(5)
    ]
    screens = [follower.listener for follower in followers]
    following = [asyncio.create_task(follower.run()) for follower in followers]
    await eventually(lambda: all(screen.position for screen in screens))
    await writer.append("a")
    await eventually(lambda: all(screen.events for screen in screens))
    leaving.ask_to_stop()
    for number in range(10):
        await writer.append(f"{number}")
    assert await leaving.ended() == 0
    await eventually(lambda: all(len(screen.events) == 11 for screen in screens))
    for screen in screens:
        assert [event["id"] for event in screen.events] == [event.id for event in writer.appended[writer.venue]]
        assert (screen.gaps, len(screen.draining)) == ([], 1)
        assert 0 <= screen.draining[0]["retry_after_ms"] <= 1000
    for task in following:
        task.cancel()
    await asyncio.wait(following)


async def test_while_draining_it_is_not_ready_and_takes_no_new_screens(start: Start, venue: str) -> None:
    leaving = await start(DRAIN_SECONDS="3")
    screens = [RoomListener(token([venue]), f"venue:{venue}") for _ in range(3)]
    for screen in screens:
        await screen.connect(leaving.url)
        await screen.subscribe()
    leaving.ask_to_stop()
    await eventually(lambda: any(screen.draining for screen in screens))
    assert (await leaving.get("/readyz")).status_code == 503
    assert (await leaving.get("/livez")).status_code == 200
    assert (await leaving.get("/startupz")).status_code == 200, "it has started, whatever comes after"
    with pytest.raises(ConnectionRefused):
        await RoomListener(token([venue]), f"venue:{venue}").connect(leaving.url)
    polling = await leaving.get("/socket.io/?EIO=4&transport=polling")
    assert (polling.status_code, polling.headers["retry-after"]) == (503, "1")
    assert await leaving.ended() == 0
    for screen in screens:
        await screen.wait_gone()


async def test_a_polling_screen_is_let_go_too(start: Start, venue: str) -> None:
    leaving = await start()
    screen = RoomListener(token([venue]), f"venue:{venue}", transport="polling")
    await screen.connect(leaving.url)
    await screen.subscribe()
    leaving.ask_to_stop()
    await screen.wait_gone()
    assert len(screen.draining) == 1
    assert await leaving.ended() == 0
