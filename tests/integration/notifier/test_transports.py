"""The contract with python-socketio, python-engineio and uvicorn, held with the real JavaScript client.

What notifier/engine.py and notifier/connection.py take from these libraries is private in part: an upgrade that moves
it fails here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise

import httpx
import pytest

from infra import node
from infra.eventually import eventually
from infra.fan import Fan, RawScreen, fan, polling
from infra.js_screen import JsScreen, js_screen
from notifier.broadcast import event_text

TRANSPORTS = ["websocket", "polling", "polling,websocket"]


@pytest.fixture(scope="module", autouse=True)
def _client() -> None:
    node.install()


@asynccontextmanager
async def live(served: Fan) -> AsyncIterator[None]:
    """A busy room: numbered messages, long and short."""

    async def feed() -> None:
        for number in count():
            served.broadcast.to_room("r", event_text("live", {"n": number, "pad": "ü" * (number % 7 * 100)}))
            await asyncio.sleep(0.003)

    feeding = asyncio.create_task(feed())
    try:
        yield
    finally:
        feeding.cancel()


def numbers(screen: JsScreen) -> list[int]:
    return [body["n"] for body in screen.events("live")]


def without_a_hole(found: list[int]) -> bool:
    return all(b == a + 1 for a, b in pairwise(found))


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflated"])
@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_everything_comes_once_and_in_the_order_in_which_it_was_sent(transports: str, deflate: bool) -> None:
    async with fan(deflate=deflate) as served, live(served), js_screen(served.url, transports, "r") as screen:
        await eventually(lambda: len(numbers(screen)) > 100, what="live messages")
        for _ in range(10):
            screen.ask("r")
        await eventually(lambda: len(screen.of("answer")) == 11, what="the answers")
        assert without_a_hole(numbers(screen))
        told = [one["name"] if one["what"] == "event" else one["what"] for one in screen.seen]
        first = [one for one in told if one != "upgrade"][:4]
        assert first == ["connect", "missed", "answer", "live"], "a replay, its answer, and only then the live feed"
        assert [one["transport"] for one in screen.of("upgrade")] == ["websocket"] * (transports == TRANSPORTS[2])
        assert screen.of("disconnect") == []


async def test_what_waited_for_a_poll_comes_first_after_the_upgrade() -> None:
    async with fan() as served, httpx.AsyncClient(base_url=served.url) as client:
        query = await polling(client, "r")
        moving = await RawScreen.open(served.port, sid=query["sid"])
        poll = asyncio.create_task(client.get("/socket.io/", params=query))
        moving.send("2probe")
        assert await moving.read() == "3probe"
        assert (await poll).text == "6", "the waiting poll is ended"
        for number in range(50):
            served.broadcast.to_room("r", event_text("live", {"n": number}))
        moving.send("5")
        await asyncio.sleep(0)
        for number in range(50, 100):
            served.broadcast.to_room("r", event_text("live", {"n": number}))
            await asyncio.sleep(0)
        assert [await moving.read() for _ in range(100)] == [f'42["live",{{"n":{n}}}]' for n in range(100)]
        assert (await client.get("/socket.io/", params=query)).status_code == 400, "there is no polling any more"
        moving.vanish()


async def test_a_move_that_is_broken_off_lets_the_screen_poll_on() -> None:
    async with fan() as served, httpx.AsyncClient(base_url=served.url) as client:
        query = await polling(client, "r")
        moving = await RawScreen.open(served.port, sid=query["sid"])
        moving.send("2probe")
        assert await moving.read() == "3probe"
        moving.vanish()
        served.broadcast.to_room("r", event_text("live", {}))
        await eventually(lambda: not next(iter(served.sio.eio.sockets.values())).upgrading, what="it polls on")
        assert (await client.get("/socket.io/", params=query)).text.endswith('42["live",{}]')


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_pings_are_answered_and_keep_a_screen_connected(transports: str) -> None:
    async with fan() as served, js_screen(served.url, transports, "r") as screen:
        await eventually(lambda: screen.of("answer"), what="the answer")
        for _ in range(3):
            served.turns(served.whole_turn)
            (one,) = served.sio.eio.sockets.values()
            await eventually(lambda one=one: not one.awaits_pong, what="the pong")
        assert screen.of("disconnect") == []
        assert len(served.sio.eio.sockets) == 1


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_a_screen_that_is_hung_up_on_comes_again_by_itself(transports: str) -> None:
    async with fan() as served, js_screen(served.url, transports, "r") as screen:
        await eventually(lambda: screen.of("answer"), what="the answer")
        (sid,) = (sid for sid, _ in served.sio.manager.get_participants("/", "r"))
        served.broadcast.to_screen(sid, event_text("last", {}))
        await served.broadcast.hang_up(sid)
        await eventually(lambda: len(screen.of("answer")) == 2, what="its return")
        assert screen.events("last") == [{}]
        assert [one["reason"] for one in screen.of("disconnect")] == ["transport close"]
        await eventually(lambda: len(served.sio.eio.sockets) == 1, what="one connection")


async def test_the_library_s_own_emit_goes_through_the_same_door() -> None:
    async with fan() as served, js_screen(served.url, "websocket", "r") as screen:
        await eventually(lambda: screen.of("answer"), what="the answer")
        for number in range(5):
            await served.sio.emit("live", {"n": 2 * number}, room="r")
            served.broadcast.to_room("r", event_text("live", {"n": 2 * number + 1}))
        await served.sio.emit("binary", b"\x00\x01", room="r")
        await eventually(lambda: screen.events("binary"), what="the binary message")
        assert numbers(screen) == list(range(10))
