"""Screens that do not keep up, do not answer, vanish, or come all at once: nobody else notices, and nothing stays.

On uvloop, as in production. Time passes only by turning the wheel: nothing here depends on how fast the machine is.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import httpx
import pytest
import uvloop

from infra.eventually import eventually
from infra.fan import Fan, RawScreen, fan, held, polling
from notifier.broadcast import event_text
from order_contracts.bounded_requests import MOST_HEADERS

BATCH = event_text("batch", {"pad": "x" * 4000})


def on_uvloop(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(scenario)
    def run(*args: Any, **kwargs: Any) -> None:
        uvloop.run(asyncio.wait_for(scenario(*args, **kwargs), 15))

    return run


async def entered(port: int, count: int = 1, room: str = "r") -> list[RawScreen]:
    return [await RawScreen.enter(port, room) for _ in range(count)]


async def send_until_slow(served: Fan, *, least: int = 1) -> int:
    """Send batches until so many screens do not keep up; give how many batches."""
    for count in range(1, 2000):
        served.broadcast.to_room("r", BATCH)
        await asyncio.sleep(0)
        if sum(one.slow for one in served.sio.eio.sockets.values()) >= least:
            return count
    raise AssertionError("nobody became slow")


async def back_to(before: dict[str, int]) -> None:
    await eventually(lambda: held() == before, what=f"{before}, there is {held()}")


@on_uvloop
async def test_a_slow_screen_is_skipped_at_its_cap_and_the_others_are_served() -> None:
    async with fan(buffer_bytes=64 * 1024) as served:
        slow, healthy = await entered(served.port), await entered(served.port, 3)
        readings = [asyncio.create_task(one.read_until('42["end"')) for one in healthy]
        count = 0
        while count < 200 or not any(one.slow for one in served.sio.eio.sockets.values()):
            count += 1
            assert count < 2000, "nobody became slow"
            served.broadcast.to_room("r", BATCH)
            await asyncio.sleep(0.001)
        served.broadcast.to_room("r", event_text("end", {}))
        assert [len(read) for read in await asyncio.gather(*readings)] == [count + 1] * 3
        waiting = [one.web.waiting_bytes for one in served.sio.eio.sockets.values() if one.slow]
        assert len(waiting) == 1
        assert waiting[0] <= 64 * 1024 + len(BATCH) + 16, "one message beyond the cap at most"
        assert served.broadcast.to_room("r", BATCH) == 3, "it is counted as skipped"
        for screen in (*slow, *healthy):
            screen.vanish()


@on_uvloop
async def test_a_slow_screen_that_has_caught_up_is_told_to_resync_and_served_again() -> None:
    async with fan(buffer_bytes=32 * 1024) as served:
        (slow,) = await entered(served.port)
        sent = await send_until_slow(served)
        assert served.broadcast.to_room("r", event_text("missed", {})) == 0
        read = await slow.read_until('42["resync"')
        assert read[-1] == '42["resync",{"room":"r"}]'
        assert len(read) == sent + 1
        assert served.broadcast.to_room("r", event_text("again", {})) == 1
        assert await slow.read() == '42["again",{}]'
        slow.vanish()


@on_uvloop
async def test_a_slow_screen_that_missed_nothing_is_not_told_to_resync() -> None:
    async with fan(buffer_bytes=32 * 1024) as served:
        (slow,) = await entered(served.port)
        await send_until_slow(served)
        reading = asyncio.create_task(slow.read_until('42["end"'))
        await eventually(lambda: not any(one.slow for one in served.sio.eio.sockets.values()), what="it keeps up")
        served.broadcast.to_room("r", event_text("end", {}))
        assert not [text for text in await reading if "resync" in text]
        slow.vanish()


@on_uvloop
async def test_a_slow_screen_that_owes_a_pong_is_given_its_time_to_read() -> None:
    async with fan(buffer_bytes=32 * 1024) as served:
        (slow,) = await entered(served.port)
        served.turns(served.whole_turn)  # it is pinged
        await send_until_slow(served)
        served.turns(served.whole_turn - 1)  # and looked at
        await asyncio.sleep(0.05)
        assert len(served.sio.eio.sockets) == 1
        assert "2" in await slow.read_until('42["batch"')
        slow.vanish()


@on_uvloop
async def test_a_slow_screen_can_not_have_answers_pile_up_by_asking_on() -> None:
    async with fan(buffer_bytes=32 * 1024) as served:
        (slow,) = await entered(served.port)
        await send_until_slow(served)
        (one,) = served.sio.eio.sockets.values()
        before = one.web.waiting_bytes
        for number in range(5000):
            slow.send(f'42{number}["enter",{{"room":"r"}}]')
            if number % 100 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        assert one.web.waiting_bytes < before + 32 * 1024
        slow.vanish()


@on_uvloop
async def test_a_stuck_screen_is_cut_off_with_all_that_waited_for_it() -> None:
    async with fan(buffer_bytes=32 * 1024) as served:
        before = held()
        (stuck,) = await entered(served.port)
        await send_until_slow(served)
        served.turns(4 * served.whole_turn)
        await eventually(lambda: not served.sio.eio.sockets, what="it is gone")
        assert await stuck.ended()
        stuck.vanish()
        await back_to(before)


@on_uvloop
async def test_a_screen_that_does_not_answer_a_ping_is_cut_off_and_one_that_does_stays() -> None:
    async with fan() as served:
        before = held()
        dead, alive = await entered(served.port, 2)
        for _ in range(3):
            served.turns(served.whole_turn)  # a ping, and for those who owe an answer the end
            assert await alive.read() == "2"
            alive.send("3")
            await asyncio.sleep(0.05)
        assert await dead.ended()
        assert len(served.sio.eio.sockets) == 1
        for screen in (dead, alive):
            screen.vanish()
        await back_to(before)


@on_uvloop
async def test_a_connection_that_never_becomes_a_screen_is_cut_off() -> None:
    async with fan() as served:
        silent = await RawScreen.open(served.port)
        served.turns(served.whole_turn)
        assert await silent.ended()
        silent.vanish()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("", b""),
        ("\r\n", b""),
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408 Request Timeout\r\n"),
        ("POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n42", b""),
    ],
    ids=["nothing", "empty lines", "half a head", "half a body"],
)
def test_who_never_ends_a_request_is_hung_up_on(sent: str, answer: bytes) -> None:
    @on_uvloop
    async def scenario() -> None:
        async with fan(request_seconds=0.3) as served:
            screen = (await entered(served.port))[0]
            before = held()
            dribbling = RawScreen(*await asyncio.open_connection("127.0.0.1", served.port))
            dribbling.writer.write(sent.encode())
            reading = asyncio.create_task(dribbling.reader.read())
            while not reading.done():
                if answer:
                    dribbling.writer.write(b"x")  # a sign of life is no request
                await asyncio.wait([reading], timeout=0.05)
            assert (await reading)[: len(answer)] == answer
            dribbling.vanish()
            served.broadcast.to_room("r", event_text("on", {}))
            assert await screen.read() == '42["on",{}]', "a WebSocket has no such time"
            await back_to(before)
            screen.vanish()

    scenario()


@pytest.mark.parametrize(("sent", "answer"), [(b"GET /", b" 408 "), (b"\r\n", b"")], ids=["half a head", "empty line"])
@on_uvloop
async def test_a_connection_between_two_requests_is_hung_up_on_when_the_second_does_not_come(
    sent: bytes, answer: bytes
) -> None:
    async with fan(request_seconds=2) as served:
        dribbling = RawScreen(*await asyncio.open_connection("127.0.0.1", served.port))
        for _ in range(2):
            dribbling.writer.write(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await dribbling.reader.readuntil(b"\r\n\r\nNot Found")).startswith(b"HTTP/1.1 404")
            await asyncio.sleep(1.1)  # all in all longer than one request may take
        dribbling.writer.write(sent)
        said = await dribbling.reader.read()
        assert (answer in said, bool(said)) == (True, bool(answer))
        dribbling.vanish()


@on_uvloop
async def test_a_head_without_an_end_is_refused() -> None:
    async with fan() as served:
        endless = RawScreen(*await asyncio.open_connection("127.0.0.1", served.port))
        endless.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        reading = asyncio.create_task(endless.reader.read())
        for number in range(1000):
            endless.writer.write(f"x-{number}: {'x' * 1000}\r\n".encode())
            await asyncio.sleep(0.001)
            if reading.done():
                break
        assert b" 431 " in await reading
        endless.vanish()


@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"], ids=["plain", "WebSocket"])
@on_uvloop
async def test_a_flood_of_headers_in_one_piece_is_refused(upgrade: bytes) -> None:
    async with fan() as served:
        flooding = RawScreen(*await asyncio.open_connection("127.0.0.1", served.port))
        flooding.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + b"X: y\r\n" * MOST_HEADERS + b"\r\n")
        head, _, text = (await flooding.reader.read()).partition(b"\r\n\r\n")
        assert b" 431 " in head
        assert b"100 headers" in text
        flooding.vanish()


@on_uvloop
async def test_hundreds_that_vanish_at_once_leave_nothing_behind() -> None:
    async with fan() as served:
        before = held()
        screens = [one for room in range(20) for one in await entered(served.port, 15, f"r{room}")]
        assert held()["tasks"] == before["tasks"], "an idle screen has no task"
        for screen in screens:
            screen.vanish()
        await back_to(before)
        assert served.sio.eio.sockets == {}
        assert served.sio.manager.rooms == {}
        assert served.sio.environ == {}
        assert served.sio.manager._rooms_of == {}
        assert not any(slot for slot in served.sio.eio.wheel._slots)


@on_uvloop
async def test_one_cut_in_the_very_turn_does_not_keep_the_others_from_it() -> None:
    async with fan() as served:
        screens = await entered(served.port, 5)
        served.broadcast.to_room("r", event_text("first", {}))
        sockets = [*served.sio.eio.sockets.values()]
        sockets[2].web.abort()
        for _ in range(20):  # whatever the loop is at with it
            served.broadcast.to_room("r", event_text("second", {}))
            await asyncio.sleep(0)
        for number, screen in enumerate(screens):
            if number != 2:
                assert (await screen.read_until('42["second"'))[-1] == '42["second",{}]'
            screen.vanish()


@on_uvloop
async def test_a_screen_that_stops_polling_holds_no_more_than_its_cap_and_is_cut_off() -> None:
    async with (
        fan(buffer_bytes=32 * 1024) as served,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client,
    ):
        before = held()
        await polling(client, "r")
        for _ in range(100):
            served.broadcast.to_room("r", BATCH)
        (one,) = served.sio.eio.sockets.values()
        assert one.slow
        assert one.queue.qsize() <= 32 * 1024 // 4000 + 2
        served.turns(2 * served.whole_turn)
        del one
        await eventually(lambda: not served.sio.eio.sockets, what="it is gone")
        await client.aclose()
        await back_to(before)


@on_uvloop
async def test_a_screen_that_polls_again_is_told_to_resync() -> None:
    async with (
        fan(buffer_bytes=32 * 1024) as served,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client,
    ):
        params = await polling(client, "r")
        for _ in range(100):
            served.broadcast.to_room("r", BATCH)
        await client.get("/socket.io/", params=params)
        assert (await client.get("/socket.io/", params=params)).text == '42["resync",{"room":"r"}]'


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_storm_is_let_in_at_the_rate_and_the_others_are_told_when_to_come(transport: str) -> None:
    @on_uvloop
    async def scenario() -> None:
        async with fan(rate=20) as served, httpx.AsyncClient(base_url=served.url) as client:
            healthy = (await entered(served.port))[0]
            query = {"EIO": "4", "transport": transport}
            upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
            upgrade["sec-websocket-key"] = "dGhlIHNhbXBsZSBub25jZQ=="
            headers = upgrade if transport == "websocket" else {}
            answers = []
            while not answers or answers[-1].status_code != 503:
                answers.append(await client.get("/socket.io/", params=query, headers=headers))
                assert len(answers) < 100
            assert int(answers[-1].headers["retry-after"]) >= 1
            assert "try again" in answers[-1].text
            served.broadcast.to_room("r", event_text("still here", {}))
            assert await healthy.read() == '42["still here",{}]'
            healthy.vanish()

    scenario()


@on_uvloop
async def test_what_is_not_engine_io_ends_the_connection_and_only_it() -> None:
    async with fan() as served:
        good, *bad = await entered(served.port, 4)
        bad[0].send("")
        bad[1].send("9what")
        bad[2].writer.write(b"\x82\x81\x00\x00\x00\x00x")  # binary
        assert await bad[2].read() == "opcode 0x88", "which is told why"
        bad[2].vanish()
        for screen in bad[:2]:
            assert await screen.ended()
            screen.vanish()
        served.broadcast.to_room("r", event_text("on", {}))
        assert await good.read() == '42["on",{}]'
        good.vanish()
