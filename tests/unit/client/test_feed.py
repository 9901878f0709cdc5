"""A client's fold: each version once and in order; whatever does not fit is noted, never guessed at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanserve_client.feed import Feed, furthest, is_beyond
from scanserve_client.sse_wire import events, path_of

E = "0123abcd"


def event(order: str, version: int, **change: Any) -> dict[str, Any]:
    return {"id": f"{order}{version}", "order_id": order, "version": version, "change": {"order_id": order, **change}}


def meta(prev: int, to: int) -> dict[str, str]:
    return {"prev": f"{E}.1-{prev}", "to": f"{E}.1-{to}"}


def test_events_are_folded_and_the_position_moves() -> None:
    feed = Feed()
    feed.begin({"position": f"{E}.1-0", "orders": []})
    applied = feed.take([event("a", 1, status="placed", notes="n"), event("a", 2, notes=None)], meta(0, 2))
    assert [each["version"] for each in applied] == [1, 2]
    assert feed.orders == {"a": {"order_id": "a", "status": "placed", "version": 2}}
    assert (feed.position, feed.gaps, feed.duplicates) == (f"{E}.1-2", [], 0)


def test_what_is_held_already_is_not_applied_again() -> None:
    feed = Feed()
    feed.begin({"position": f"{E}.1-5", "orders": [{"order_id": "a", "version": 3, "status": "ready"}]})
    assert feed.take([event("a", 2, status="old"), event("a", 3, status="old")], meta(3, 4)) == []
    assert (feed.orders["a"]["status"], feed.duplicates) == ("ready", 2)
    assert feed.position == f"{E}.1-5", "a batch may end below the position that a snapshot was taken at"


@pytest.mark.parametrize(
    ("events_", "told", "words"),
    [
        ([event("a", 1)], meta(3, 4), "follows"),
        ([event("a", 1), event("a", 3)], meta(0, 2), "jumps from version 1 to 3"),
    ],
)
def test_a_gap_is_noticed(events_: list[dict[str, Any]], told: dict[str, str], words: str) -> None:
    feed = Feed()
    feed.begin({"position": f"{E}.1-0", "orders": []})
    feed.take(events_, told)
    assert words in feed.gaps[0]


def test_in_a_station_s_room_versions_have_holes_and_still_only_rise() -> None:
    feed = Feed(every_version=False)
    feed.take([event("a", 1), event("a", 4), event("a", 2)], meta(0, 3))
    assert (feed.versions, feed.gaps, feed.duplicates) == ({"a": 4}, [], 1)


def test_an_order_first_heard_of_in_mid_life_is_a_stranger_until_its_document_comes() -> None:
    feed = Feed()
    feed.take([event("a", 5, status="preparing")], meta(0, 1))
    assert (feed.orders, feed.strangers) == ({}, {"a"})
    assert not feed.adopt({"order_id": "a", "version": 4}), "the rows may be behind"
    assert feed.adopt({"order_id": "a", "version": 6, "status": "ready"})
    feed.take([event("a", 6, status="ready"), event("a", 7, status="completed")], meta(1, 3))
    assert feed.orders == {"a": {"order_id": "a", "version": 7, "status": "completed"}}
    assert (feed.strangers, feed.gaps) == (set(), [])


positions = st.dictionaries(st.integers(0, 3), st.integers(0, 9), min_size=1).map(
    lambda offsets: E + "".join(f".{p}-{o}" for p, o in sorted(offsets.items()))
)


@given(positions, positions)
def test_the_furthest_of_two_positions_is_beyond_neither_s_cover(one: str, other: str) -> None:
    assert not is_beyond(one, furthest(one, other))
    assert not is_beyond(other, furthest(one, other))


async def test_a_stream_is_read_as_the_standard_says() -> None:
    text = ':\n\nid: 1\nevent: a\ndata: {"n":\ndata: 1}\n\nevent:b\ndata:2\n\nretry: 5\n\ndata: 3\n\nevent: cut off\n'

    async def lines() -> Any:
        for line in text.split("\n")[:-1]:
            yield line

    assert [each async for each in events(lines())] == [("a", {"n": 1}), ("b", 2), ("message", 3)]


def test_each_room_has_an_address() -> None:
    assert [path_of(room) for room in ("venue:v", "venue:v:station:s", "organization:o", "order:x")] == [
        "/v1/venues/v/events",
        "/v1/venues/v/events?station=s",
        "/v1/organizations/o/events",
        "/v1/orders/x/events",
    ]
