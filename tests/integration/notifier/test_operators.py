"""Operators: who watches what, notices and sign-outs, on any replica; and a Redis that comes and goes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from infra.services import Backing
from local_stack.ports import free_ports
from local_stack.program import inherited
from local_stack.redis_server import redis_program, redis_url
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import Transport


@dataclass(frozen=True)
class OwnRedis:
    """A Redis that a test may stop."""

    url: str
    name: str
    backing: Backing

    def stop(self) -> None:
        self.backing.run.programs[self.name].stop()

    def start(self) -> None:
        self.backing.run.programs[self.name].start()
        self.backing.run.programs[self.name].wait_ready()


@pytest.fixture
def own_redis(backing: Backing, tmp_path: Path) -> Iterator[OwnRedis]:
    name = f"redis-{uuid4().hex[:8]}"
    port = free_ports((name,), {}, {})[name]
    program = redis_program(
        folder=tmp_path / "redis", log=tmp_path / "redis.log", port=port, password="p", environment=inherited()
    )
    backing.run.start(replace(program, name=name))
    own = OwnRedis(redis_url(port, "p"), name, backing)
    yield own
    own.stop()


async def ask(replica: NotifierProcess, bearer: str, what: str, body: Any = None) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}, timeout=10) as http:
        address = f"{replica.url}/v1/admin/{what}"
        return await (http.get(address) if body is None else http.post(address, json=body))


async def follow(replica: NotifierProcess, venue: str, transport: Transport = "socketio", **more: Any) -> RoomListener:
    station = more.pop("station", None)
    room = f"venue:{venue}" + (f":station:{station}" if station else "")
    listener = RoomListener(token([venue], **more), room, transport=transport)
    await listener.connect(replica.url)
    assert "position" in await listener.subscribe()
    return listener


def admin(*venues: str) -> str:
    return token(list(venues) or "*", scopes=("admin",))


async def rooms(replica: NotifierProcess, bearer: str) -> dict[str, int]:
    answer = (await ask(replica, bearer, "presence")).json()
    return {room["room"]: room["watchers"] for room in answer["rooms"]}


async def test_who_watches_which_station_is_known_and_only_to_their_own(replica: NotifierProcess, venue: str) -> None:
    grill = [await follow(replica, venue, station="grill") for _ in range(2)]
    whole = await follow(replica, venue, "sse")
    stranger = await follow(replica, f"{venue}-x", organization="o2")
    assert await rooms(replica, admin(venue)) == {f"venue:{venue}:station:grill": 2, f"venue:{venue}": 1}
    assert await rooms(replica, admin("elsewhere")) == {}
    assert f"venue:{venue}-x" not in await rooms(replica, admin())
    one = (await ask(replica, admin(venue), f"presence?room=venue:{venue}")).json()
    assert (one["complete"], len(one["replicas"])) == (True, 1)
    assert one["rooms"] == [
        {"room": f"venue:{venue}", "watchers": 1, "subjects": {"screen": 1}, "transports": {"sse": 1}}
    ]
    for listener in (*grill, whole, stranger):
        await listener.drop()


async def test_a_notice_and_a_sign_out_reach_every_transport_and_nobody_else(
    replica: NotifierProcess, venue: str
) -> None:
    meant = [await follow(replica, venue, transport, token_id="till-1") for transport in ("socketio", "sse")]
    other = await follow(replica, venue, token_id="till-2")
    stranger = await follow(replica, f"{venue}-x", organization="o2")
    told = await ask(replica, admin(venue), "notices", {"text": "The grill is off", "room": f"venue:{venue}"})
    assert (told.status_code, told.json()["watchers_here"], told.json()["other_replicas"]) == (202, 3, 0)
    await eventually(lambda: all(each.notices for each in (*meant, other)))
    assert meant[0].notices[0]["text"] == "The grill is off"
    out = await ask(replica, admin(venue), "sign-outs", {"token_id": "till-1", "reason": "this tablet is lost"})
    assert out.json()["watchers_here"] == 2
    for listener in meant:
        await listener.wait_gone()
        assert listener.signed_out == ["this tablet is lost"]
    assert (other.gone, stranger.notices, stranger.gone) == (False, [], False)
    for listener in (other, stranger):
        await listener.drop()


@pytest.mark.parametrize(
    ("bearer", "what", "body", "status", "field"),
    [
        (token("*"), "presence", None, 403, None),
        (token("*"), "notices", {"text": "x"}, 403, None),
        ("nonsense", "presence", None, 401, None),
        (admin(), "notices", {"text": ""}, 422, "text"),
        (admin(), "notices", {"text": "x", "level": "loud"}, 422, "level"),
        (admin(), "notices", {"text": "x", "room": "kitchen"}, 422, "room"),
        (admin(), "notices", {"text": "x", "colour": "red"}, 422, "body"),
        (admin(), "notices", {"text": "x" * 20_000}, 413, None),
        (admin(), "sign-outs", {"reason": "x"}, 422, "subject"),
        (admin(), "sign-outs", [], 422, "body"),
        (admin(), "presence?room=kitchen", None, 422, "room"),
    ],
)
async def test_what_can_t_be_done_is_answered_in_words(
    replica: NotifierProcess, bearer: str, what: str, body: Any, status: int, field: str | None
) -> None:
    answer = await ask(replica, bearer, what, body)
    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_replicas_know_of_each_other_through_redis(start: Start, own_redis: OwnRedis, venue: str) -> None:
    one, two = [await start(REDIS_URL=own_redis.url) for _ in range(2)]
    here, there = await follow(one, venue), await follow(two, venue, station="grill")
    everything = {f"venue:{venue}": 1, f"venue:{venue}:station:grill": 1}
    for replica in (one, two):
        await eventually(lambda replica=replica: _are(rooms(replica, admin(venue)), everything))
    told = await ask(one, admin(venue), "notices", {"text": "hello", "room": f"venue:{venue}"})
    assert (told.json()["watchers_here"], told.json()["other_replicas"]) == (1, 1)
    await eventually(lambda: here.notices and there.notices)
    assert [notice["id"] for notice in (*here.notices, *there.notices)] == [told.json()["id"]] * 2
    await ask(one, admin(venue), "sign-outs", {"room": f"venue:{venue}:station:grill"})
    await there.wait_gone()
    two.ask_to_stop()
    await two.ended()
    await eventually(lambda: _are(rooms(one, admin(venue)), {f"venue:{venue}": 1}))
    await here.drop()


async def _are(work: Any, expected: Any) -> bool:
    return bool(await work == expected)


async def test_redis_lost_and_back_costs_no_screen_an_event(
    start: Start, own_redis: OwnRedis, writer: OrderWriter
) -> None:
    one, two = [await start(REDIS_URL=own_redis.url) for _ in range(2)]
    screens = [await follow(replica, writer.venue) for replica in (one, two)]
    await writer.append("a")
    own_redis.stop()
    await writer.append("a")
    await eventually(lambda: all(len(screen.events) == 2 for screen in screens))
    alone = await ask(one, admin(writer.venue), "presence")
    assert (alone.json()["complete"], len(alone.json()["replicas"])) == (False, 1)
    refused = await ask(one, admin(writer.venue), "notices", {"text": "hello"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "Nothing was done" in refused.json()["detail"]
    own_redis.start()

    async def told() -> bool:
        answer = await ask(one, admin(writer.venue), "notices", {"text": "hello"})
        return answer.status_code == 202 and answer.json()["other_replicas"] == 1

    await eventually(told)
    await eventually(lambda: all(screen.notices for screen in screens))
    await writer.append("a")
    await eventually(lambda: all(len(screen.events) == 3 for screen in screens))
    for screen in screens:
        assert (screen.gaps, screen.duplicates, screen.disconnects) == ([], 0, [])
        await screen.drop()


async def test_a_replica_starts_and_serves_while_redis_is_away(start: Start, writer: OrderWriter) -> None:
    port = free_ports(("nobody",), {}, {})["nobody"]
    own = await start(REDIS_URL=f"redis://127.0.0.1:{port}/0")
    screen = await follow(own, writer.venue)
    await writer.append("a")
    await eventually(lambda: screen.events)
    own.ask_to_stop()
    assert await own.ended() == 0
    await screen.wait_gone()
