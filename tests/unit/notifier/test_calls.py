"""Operators' calls and presence stay within their organization and venues, on this replica and on others."""

import json
from collections.abc import Collection
from typing import Any

import pytest

from notifier.calls import Call, Target, carry_out
from notifier.presence import Presence, observe, report
from order_contracts.claims import Claims


class Somebody:
    """A connection that notes what it is told."""

    transport = "socketio"

    def __init__(self, *rooms: str, claims: Claims) -> None:
        self.id, self.claims, self._rooms = f"{rooms}", claims, rooms
        self.told: list[Any] = []

    def rooms(self) -> Collection[str]:
        return self._rooms

    def tell(self, name: str, body: dict[str, Any]) -> None:
        self.told.append((name, body))

    async def send_away(self, reason: str) -> None:
        self.told.append(("away", reason))

    async def hang_up(self) -> None:
        self.told.append(("hung up", {}))


def claims(venues: set[str] | None, organization: str = "o1", subject: str = "s", **more: Any) -> Claims:
    return Claims(subject, organization, None if venues is None else frozenset(venues), frozenset(), 0, **more)


GRILL = Somebody("venue:v1:station:grill", claims=claims({"v1"}, subject="grill", token_id="t1"))
WHOLE = Somebody("venue:v1", claims=claims({"v1"}))
BOTH = Somebody("venue:v1", "venue:v2", claims=claims({"v1", "v2"}))
OFFICE = Somebody("organization:o1", claims=claims(None))
OTHERS = Somebody("venue:v9", claims=claims({"v9"}, "o2"))
DINER = Somebody("order:x", claims=claims({"v1"}, subject="guest", order_id="x"))
IDLE = Somebody(claims=claims({"v2"}, subject="idle"))
ALL = (GRILL, WHOLE, BOTH, OFFICE, OTHERS, DINER, IDLE)


@pytest.mark.parametrize(
    ("asking", "wish", "meant"),
    [
        (claims(None), {}, (GRILL, WHOLE, BOTH, OFFICE, DINER, IDLE)),
        (claims({"v1"}), {}, (GRILL, WHOLE, DINER)),
        (claims({"v1", "v2"}), {"room": "venue:v1"}, (GRILL, WHOLE, BOTH)),
        (claims(None), {"room": "venue:v1:station:grill"}, (GRILL,)),
        (claims(None), {"subject": "guest"}, (DINER,)),
        (claims(None), {"token_id": "t1"}, (GRILL,)),
        (claims(None), {"token_id": "t1", "room": "venue:v2"}, ()),
        (claims(None, "o2"), {"room": "venue:v1"}, ()),
    ],
)
async def test_a_call_is_for_those_that_it_names_and_its_asker_may_reach(
    asking: Claims, wish: dict[str, str], meant: tuple[Somebody, ...]
) -> None:
    target = Target.of(asking, **{"room": None, "subject": None, "token_id": None, **wish})
    asked = Call("here", "notice", target, {"text": "hello"})
    there = Call.from_json(json.loads(json.dumps(asked.to_json())))
    assert there == asked
    for one in ALL:
        one.told.clear()
    assert await carry_out(there, ALL) == len(meant)
    assert [one for one in ALL if one.told] == list(meant)


@pytest.mark.parametrize("body", [{}, [], {"kind": "explode"}, {"kind": "notice", "target": {"x": 1}}, None, 3])
def test_a_call_of_another_release_is_told_from_ours(body: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Call.from_json(body)


def test_presence_counts_each_room_and_sums_replicas() -> None:
    here = observe("r1", ALL, at=5.0)
    there = Presence.from_json(json.loads(json.dumps(observe("r2", [GRILL], at=6.0).to_json())))
    told = report([here, there], claims(None))
    assert [(one["replica"], one["watchers"]) for one in told["replicas"]] == [("r1", 7), ("r2", 1)]
    watchers = {room["room"]: room["watchers"] for room in told["rooms"]}
    assert watchers == {
        "": 1,
        "venue:v1": 2,
        "venue:v1:station:grill": 2,
        "venue:v2": 1,
        "organization:o1": 1,
        "order:x": 1,
    }


@pytest.mark.parametrize(
    ("asking", "rooms"),
    [
        (claims({"v1"}), {"venue:v1", "venue:v1:station:grill", "order:x"}),
        (claims({"v2"}), {"venue:v2", ""}),
        (claims(None, "o2"), {"venue:v9"}),
        (claims(None, "o3"), set()),
    ],
)
def test_nobody_learns_of_others_rooms(asking: Claims, rooms: set[str]) -> None:
    assert {room["room"] for room in report([observe("r1", ALL, 0)], asking)["rooms"]} == rooms
