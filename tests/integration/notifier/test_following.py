"""Screens follow their rooms: batches as in the seed, nothing missed, nothing twice, across replicas and restarts."""

import asyncio
from typing import Any

import pytest
import socketio

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from order_contracts.positions import Position
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import Transport


def ids(listener: RoomListener) -> list[str]:
    return [event["id"] for event in listener.events]


def written(writer: OrderWriter, venue: str | None = None) -> list[str]:
    return [event.id for event in writer.appended.get(venue or writer.venue, [])]


async def has_all(listener: RoomListener, writer: OrderWriter, venue: str | None = None) -> None:
    await eventually(lambda: len(listener.events) >= len(written(writer, venue)), what="all events")
    assert ids(listener) == written(writer, venue)
    assert (listener.gaps, listener.duplicates) == ([], 0)


async def follow(replica: NotifierProcess, room: str, position: str | None = None) -> RoomListener:
    """Enter a room with a token that opens it."""
    kind, name, *_ = room.split(":")
    listener = RoomListener(token([name]) if kind == "venue" else token(organization=name), room, position)
    await listener.connect(replica.url)
    answer = await listener.subscribe()
    assert "position" in answer, answer
    return listener


async def has_read(replica: NotifierProcess, count: float) -> bool:
    return await replica.metric(ACCEPTED) >= count


TRANSPORTS: tuple[Transport, ...] = ("socketio", "polling", "sse")
ACCEPTED = 'notifier_records_total{fate="accepted"}'


async def test_events_of_one_window_come_as_one_batch_in_log_order(start: Start, writer: OrderWriter) -> None:
    listener = await follow(await start(BATCH_WINDOW_MS="500"), f"venue:{writer.venue}")
    for _ in range(5):
        await writer.append("a")
    await has_all(listener, writer)
    assert len(listener.batches) == 1
    began = asyncio.get_running_loop().time()
    await writer.append("b")
    await has_all(listener, writer)
    assert [len(events) for events, _ in listener.batches] == [5, 1]
    assert asyncio.get_running_loop().time() - began > 0.45, "a lone event waits for its window too"
    await listener.drop()


async def test_each_batch_says_where_it_follows_on(replica: NotifierProcess, writer: OrderWriter) -> None:
    listener = await follow(replica, f"venue:{writer.venue}")
    began = listener.position
    for number in range(4):
        await writer.append(f"{number}")
        await has_all(listener, writer)
    metas = [meta for _, meta in listener.batches]
    assert [meta["prev"] for meta in metas] == [began, *(meta["to"] for meta in metas[:-1])]
    assert all(meta["room"] == f"venue:{writer.venue}" and meta["server_time"].endswith("Z") for meta in metas)
    await listener.drop()


async def test_a_listener_that_takes_only_the_array_keeps_working(
    replica: NotifierProcess, writer: OrderWriter
) -> None:
    batches: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue()
    client = socketio.AsyncClient()
    client.on("batchOrderUpdates", lambda events, *_: batches.put_nowait(events))
    await client.connect(replica.url, auth={"token": token([writer.venue])})
    assert (await client.call("subscribe", {"room": f"venue:{writer.venue}"}))["replayed"] == 0
    event = await writer.append("a")
    assert [each["id"] for each in await asyncio.wait_for(batches.get(), 5)] == [event.id]
    await client.disconnect()


async def test_rooms_get_their_own_events_only(replica: NotifierProcess, writer: OrderWriter) -> None:
    other, owner = f"{writer.venue}-2", f"org-{writer.venue}"
    rooms = (f"venue:{writer.venue}", f"venue:{other}", f"venue:{writer.venue}:station:grill", f"organization:{owner}")
    listeners = [await follow(replica, room) for room in rooms]
    await writer.append("a", ["grill"], organization_id=owner)
    await writer.append("b", ["bar"], organization_id=owner)
    await writer.append("c", ["grill"], venue_id=other, organization_id=owner)
    await has_all(listeners[0], writer)
    await has_all(listeners[1], writer, other)
    await eventually(lambda: len(listeners[3].events) == 3)
    assert ids(listeners[2]) == written(writer)[:1]
    assert listeners[3].gaps == []
    for listener in listeners:
        await listener.drop()


async def test_what_was_missed_comes_from_another_replica_once_and_in_order(
    replica: NotifierProcess, start: Start, writer: OrderWriter
) -> None:
    second = await start()
    listener = await follow(replica, f"venue:{writer.venue}")
    for _ in range(3):
        await writer.append("a")
    await has_all(listener, writer)
    await listener.drop()
    before = await second.metric(ACCEPTED)
    for number in range(7):
        await writer.append(f"{number}")
    await eventually(lambda: has_read(second, before + 7))
    await listener.connect(second.url)
    assert (await listener.subscribe())["replayed"] == 7
    await writer.append("b")
    await has_all(listener, writer)
    await listener.drop()


async def test_a_restarted_replica_goes_on_from_any_position(start: Start, writer: OrderWriter) -> None:
    first = await start()
    listener = await follow(first, f"venue:{writer.venue}")
    await writer.append("a")
    await has_all(listener, writer)
    first.kill()
    await listener.wait_gone()
    await writer.append("a")
    await listener.connect((await start()).url)
    assert (await listener.subscribe())["replayed"] == 1
    await has_all(listener, writer)
    await listener.drop()


async def test_every_transport_gets_everything(start: Start, writer: OrderWriter) -> None:
    own = await start()
    listeners = [
        RoomListener(token([writer.venue]), f"venue:{writer.venue}", transport=transport) for transport in TRANSPORTS
    ]
    for listener in listeners:
        await listener.connect(own.url)
        await listener.subscribe()
    for _ in range(3):
        await writer.append("a")
    for listener in listeners:
        await has_all(listener, writer)
    own.kill()  # the client's own way out of a long poll waits for the poll's end
    for listener in listeners:
        await listener.wait_gone()


async def test_replay_and_live_batches_never_overlap_or_part(start: Start, writer: OrderWriter) -> None:
    busy, room = await start(BATCH_WINDOW_MS="5"), f"venue:{writer.venue}"
    listeners = [await follow(busy, room)]
    origin = listeners[0].position
    for number in range(120):
        await writer.append(f"{number % 7}")
        if number % 10 == 0:
            listeners.append(await follow(busy, room, origin))
    for listener in listeners:
        await has_all(listener, writer)
        await listener.drop()


@pytest.mark.parametrize("position", ["ffffffff.0-0.1-0.2-0.3-0", "same.9-0"])
async def test_a_position_of_another_life_or_partition_is_a_resync(
    replica: NotifierProcess, venue: str, position: str
) -> None:
    listener = await follow(replica, f"venue:{venue}")
    listener.position = position.replace("same", Position.parse(str(listener.position)).epoch)
    assert await listener.subscribe() == {"resync": True}
    await listener.drop()


async def test_outside_the_ring_a_snapshot_brings_the_screen_back(start: Start, writer: OrderWriter) -> None:
    small, room = await start(RING_BYTES=str(2**16)), f"venue:{writer.venue}"
    watching = await follow(small, room)
    origin = watching.position
    for number in range(150):
        await writer.append(f"{number}")
    await has_all(watching, writer)

    async def snapshot() -> dict[str, Any]:
        return {"position": watching.position, "orders": list(watching.orders.values())}

    late = RoomListener(token([writer.venue]), room, origin, snapshot)
    await late.connect(small.url)
    assert (await late.subscribe())["replayed"] == 0
    assert late.resyncs == 1
    await writer.append("0")
    await eventually(lambda: len(late.events) == 1)
    assert (late.orders, late.gaps) == (watching.orders, [])
    for listener in (late, watching):
        await listener.drop()


async def test_losers_and_garbage_never_reach_a_room(replica: NotifierProcess, writer: OrderWriter) -> None:
    lost, bad = (f'notifier_records_total{{fate="{fate}"}}' for fate in ("superseded", "malformed"))
    before = await replica.metric(lost), await replica.metric(bad)
    listener = await follow(replica, f"venue:{writer.venue}")
    origin = listener.position
    await writer.append("a")
    await writer.append("a")
    await writer.lose("a")
    await writer.raw(b"\xff\xfe garbage")
    await writer.raw(b"{}", [("ce_specversion", b"1.0")])
    await writer.raw(b"{}", key=None)
    await writer.append("a")
    await has_all(listener, writer)
    assert (await replica.metric(lost), await replica.metric(bad)) == (before[0] + 1, before[1] + 3)
    late = await follow(replica, f"venue:{writer.venue}", origin)
    assert ids(late) == written(writer)
    for each in (late, listener):
        await each.drop()
