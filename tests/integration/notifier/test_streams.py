"""Event streams: the same rooms, positions and rules as over Socket.IO, over plain HTTP."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any

import httpx
import pytest

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from order_contracts.claims import LEEWAY_SECONDS
from scanserve_client.following import RoomFollower
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import ConnectionRefused

WATCHING = 'notifier_watching{kind="venue",transport="sse"}'


def listener(venue: str, position: str | None = None, **more: Any) -> RoomListener:
    return RoomListener(token([venue], **more), f"venue:{venue}", position, transport="sse")


async def follow(replica: NotifierProcess, venue: str, position: str | None = None) -> RoomListener:
    following = listener(venue, position)
    await following.connect(replica.url)
    assert "position" in await following.subscribe()
    return following


@asynccontextmanager
async def opened(url: str, **headers: str) -> AsyncIterator[httpx.Response]:
    async with httpx.AsyncClient(timeout=10) as http, http.stream("GET", url, headers=headers) as response:
        yield response


async def refusal(url: str, **headers: str) -> dict[str, Any]:
    async with opened(url, **headers) as response:
        assert response.headers["content-type"] == "application/problem+json"
        return {**json.loads(await response.aread()), "headers": dict(response.headers)}


async def test_a_stream_goes_on_where_it_was_cut_on_another_replica(
    start: Start, replica: NotifierProcess, writer: OrderWriter
) -> None:
    first = await start()
    following = await follow(first, writer.venue)
    await writer.append("a")
    await eventually(lambda: following.events)
    first.kill()
    await following.wait_gone()
    await writer.append("a")
    await following.connect(replica.url)
    assert (await following.subscribe())["replayed"] == 1
    await writer.append("a")
    await eventually(lambda: len(following.events) == 3)
    assert [event["version"] for event in following.events] == [1, 2, 3]
    assert (following.gaps, following.duplicates) == ([], 0)
    await following.drop()


async def test_each_batch_carries_the_position_that_last_event_id_gives_back(
    replica: NotifierProcess, writer: OrderWriter
) -> None:
    address = f"{replica.url}/v1/venues/{writer.venue}/events"
    bearer = f"Bearer {token([writer.venue])}"
    async with opened(address, Authorization=bearer) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        lines = response.aiter_lines()
        joined = [await anext(lines) for _ in range(4)]
        assert joined[0].startswith("id: ")
        assert joined[1] == "event: joined"
        await writer.append("a")
        batch = [await anext(lines) for _ in range(4)]
        assert batch[1] == "event: batchOrderUpdates"
        meta = json.loads(batch[2].removeprefix("data: "))
        assert (f"id: {meta['to']}", f"id: {meta['prev']}") == (batch[0], joined[0])
    missed = {"Authorization": bearer, "Last-Event-ID": joined[0].removeprefix("id: ")}
    async with opened(f"{address}?position={meta['to']}", **missed) as response:
        lines = response.aiter_lines()
        again = [await anext(lines) for _ in range(3)]
        assert again[:2] == batch[:2], "what was sent last counts more than what the address began with"
        assert json.loads(again[2].removeprefix("data: "))["events"] == meta["events"]


async def test_a_position_that_is_not_held_is_a_resync_and_the_end(replica: NotifierProcess, venue: str) -> None:
    following = listener(venue, "ffffffff.0-0.1-0.2-0.3-0")
    await following.connect(replica.url)
    assert await following.subscribe() == {"resync": True}
    await following.wait_gone()


async def test_who_may_not_is_told_so_in_words(replica: NotifierProcess, venue: str) -> None:
    address = f"{replica.url}/v1/venues/{venue}/events"
    bearer = f"Bearer {token([venue])}"
    for headers, query, status, code in (
        ({}, "", 401, "unauthorized"),
        ({"Authorization": f"Bearer {token([venue], seconds=-60)}"}, "", 401, "unauthorized"),
        ({"Authorization": f"Bearer {token(['elsewhere'])}"}, "", 403, "not_allowed"),
        ({"Authorization": f"Bearer {token([venue], scopes=('orders:read',))}"}, "", 403, "not_allowed"),
        ({}, f"?token={token([venue], seconds=3600)}", 401, "unauthorized"),
        ({"Authorization": bearer}, "?position=yesterday", 400, "position_invalid"),
        ({"Authorization": bearer, "Last-Event-ID": "tomorrow"}, "", 400, "position_invalid"),
        ({"Authorization": bearer}, "?station=no%20name", 400, "room_invalid"),
    ):
        refused = await refusal(address + query, **headers)
        assert (refused["status"], refused["code"]) == (status, code), refused
    assert "within 15 minutes" in (await refusal(f"{address}?token={token([venue], seconds=3600)}"))["detail"]
    async with opened(f"{address}?token={token([venue], seconds=300)}") as response:
        assert response.status_code == 200


async def test_a_stream_ends_with_its_token_and_says_so(replica: NotifierProcess, venue: str) -> None:
    following = listener(venue, seconds=4 - LEEWAY_SECONDS)
    await following.connect(replica.url)
    await following.subscribe()
    await following.wait_gone()
    assert following.signed_out == ["the token has expired: get a new one"]
    await following.connect(replica.url)
    with pytest.raises(ConnectionRefused, match="expired"):
        await following.subscribe()


async def test_a_quiet_stream_has_a_heartbeat(start: Start, venue: str) -> None:
    own = await start(STREAM_HEARTBEAT_SECONDS="0.2")
    bearer = f"Bearer {token([venue])}"
    async with opened(f"{own.url}/v1/venues/{venue}/events", Authorization=bearer) as response:
        lines = response.aiter_lines()
        await eventually(lambda: _is_comment(lines))


async def _is_comment(lines: AsyncIterator[str]) -> bool:
    return await anext(lines) == ":"


async def test_a_storm_of_streams_is_let_in_at_the_rate_and_the_others_are_told_when_to_come(
    start: Start, venue: str
) -> None:
    own = await start(CONNECTS_PER_SECOND="20")
    address, bearer = f"{own.url}/v1/venues/{venue}/events", {"Authorization": f"Bearer {token([venue])}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=10, headers=bearer, limits=limits) as http, AsyncExitStack() as held:
        opening = [held.enter_async_context(http.stream("GET", address)) for _ in range(100)]
        answers = await asyncio.gather(*opening)
        let_in = [answer for answer in answers if answer.status_code == 200]
        told_to_wait = [answer for answer in answers if answer.status_code == 503]
        assert let_in
        assert len(let_in) + len(told_to_wait) == 100
        assert max(int(answer.headers["retry-after"]) for answer in told_to_wait) > 1, "the more, the later"
        problem = json.loads(await told_to_wait[0].aread())
        assert (problem["code"], "try again in" in problem["detail"]) == ("try_again", True)


async def test_a_follower_comes_no_earlier_than_it_was_told() -> None:
    came: list[float] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        came.append(monotonic())
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    follower = RoomFollower("venue:v1", notifier_urls=[f"http://127.0.0.1:{port}"], token="any", transport="sse")
    following = asyncio.create_task(follower.run())
    async with server:
        await eventually(lambda: len(came) > 1)
        following.cancel()
        await asyncio.wait([following])
    assert came[1] - came[0] >= 1, "by itself it would have come after 0.4 s at most"


async def test_who_hangs_up_is_forgotten(start: Start, writer: OrderWriter) -> None:
    own = await start(STREAM_HEARTBEAT_SECONDS="0.5")
    streams = [await follow(own, writer.venue) for _ in range(5)]
    await eventually(lambda: _equals(own, 5))
    for stream in streams:
        await stream.drop()
    await eventually(lambda: _equals(own, 0))


async def _equals(replica: NotifierProcess, expected: float) -> bool:
    return await replica.metric(WATCHING) == expected


async def test_a_stream_that_reads_too_slowly_is_cut_with_a_resync_and_the_others_go_on(
    start: Start, writer: OrderWriter
) -> None:
    own = await start(STREAM_BYTES=str(2**16), BATCH_WINDOW_MS="1", STREAM_HEARTBEAT_SECONDS="0.5")
    good = await follow(own, writer.venue)
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", own.port))
        request = f"GET /v1/venues/{writer.venue}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        stalled.sendall(f"{request}{token([writer.venue])}\r\n\r\n".encode())
        await eventually(lambda: _equals(own, 2))
        for number in range(60):
            await writer.append(f"{number}", notes="x" * 30_000)
            await eventually(lambda seen=number + 1: len(good.events) == seen)  # it keeps up, on a busy machine too
        stalled.setblocking(False)
        read = bytearray()
        await eventually(lambda: _ends(stalled, read))
    assert b"event: resync" in read[-300:]
    assert good.gaps == []
    await good.drop()


def _ends(stalled: socket.socket, read: bytearray) -> bool:
    """Read on, until the stream has said its last."""
    try:
        while part := stalled.recv(2**16):
            read += part
    except BlockingIOError:
        return False
    return True
