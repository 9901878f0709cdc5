"""Who gets which events: nobody misses one, nobody gets one twice, or it is said."""

import msgspec
import pytest

from notifier.batch import Batches, Cap, Windows
from notifier.fanout import Batch, Fanout, Joined, Resync
from notifier.replay import Ring
from order_contracts.channels import Room, partition_of, rooms_of
from order_contracts.guest_keys import GuestKeys
from order_contracts.guest_texts import GuestTexts
from order_contracts.positions import Position
from order_contracts.wire import Envelope

EPOCH = "0123abcd"
PARTITIONS = 3
VENUES = ("v1", "v2", "v3", "v4")  # of organizations o0 and o1, in more than one partition
NAMES = ("venue:v1", "venue:v3", "venue:v1:station:grill", "organization:o0", "organization:o1")
ROOMS = tuple(map(Room.parse, NAMES))


def organization(venue: str) -> str:
    return f"o{VENUES.index(venue) % 2}"


def event(venue: str, number: int, stations: tuple[str, ...] = (), at: int = 0) -> Envelope:
    return Envelope(
        id=f"e{number}",
        type="order.placed.v1",
        order_id=f"order-{number}",
        venue_id=venue,
        organization_id=organization(venue),
        version=1,
        parent=None,
        stations=stations,
        not_after=at,
        fingerprint="f",
        appended_at=at,
        value=b'{"id":"e%d","order_id":"order-%d","version":1,"time":"t","actor":"a","change":{"notes":"n"}}'
        % (number, number),
    )


class Log:
    """Partitions that are appended to, and the fan-out that reads them."""

    def __init__(self, max_age_ms: int = 1_000_000, replay_limit: int = 1_000, cap: Cap = Cap()) -> None:  # noqa: B008
        self.rings = {p: Ring(start=0, max_age_ms=max_age_ms, max_bytes=10**9) for p in range(PARTITIONS)}
        self.fanout = Fanout(
            epoch=EPOCH, rings=self.rings, batches=Batches(Windows(0.1)), replay_limit=replay_limit, cap=cap
        )
        self.number = 0
        self.sent_to: dict[str, list[tuple[int, int]]] = {}  # room → (partition, offset) of its events

    def append(self, venue: str, stations: tuple[str, ...] = (), at: int = 0) -> list[tuple[str, float]]:
        partition = partition_of(venue, PARTITIONS)
        offset = self.rings[partition].next
        self.number += 1
        accepted = event(venue, self.number, stations, at)
        for room in rooms_of(venue, accepted.organization_id, accepted.order_id, stations):
            self.sent_to.setdefault(room, []).append((partition, offset))
        return self.fanout.append(partition, offset, accepted, now=0.0)

    def join(self, name: str, position: str | None = None) -> Joined | Resync:
        return self.fanout.join(Room.parse(name), None if position is None else Position.parse(position))


def joined(answer: Joined | Resync) -> Joined:
    assert isinstance(answer, Joined)
    return answer


def places(batches: list[Batch]) -> list[tuple[int, int]]:
    return [(entry.partition, entry.offset) for batch in batches for entry in batch.entries]


def v1(offset: int) -> str:
    return f"{EPOCH}.{partition_of('v1', PARTITIONS)}-{offset}"


def test_a_batch_continues_where_the_one_before_ended() -> None:
    log = Log()
    log.join("venue:v1")
    batches = []
    for _ in range(3):
        log.append("v1")
        log.append("v1")
        batches += log.fanout.flush("venue:v1")
    assert [(batch.prev, batch.to) for batch in batches] == [(v1(0), v1(2)), (v1(2), v1(4)), (v1(4), v1(6))]


def test_nobody_in_a_room_means_no_timer() -> None:
    assert Log().append("v1", ("grill",)) == []


def test_an_event_opens_a_window_in_each_followed_room() -> None:
    log = Log()
    for room in ("venue:v1", "venue:v1:station:grill", "venue:v1:station:bar", "organization:o0", "venue:v3"):
        log.join(room)
    opened = log.append("v1", ("grill",))
    assert opened == [("venue:v1", 0.1), ("venue:v1:station:grill", 0.1), ("organization:o0", 0.1)]


def test_what_is_pending_at_a_join_comes_once_with_its_batch() -> None:
    log = Log()
    log.join("venue:v1")
    log.append("v1")
    log.fanout.flush("venue:v1")
    log.append("v1")
    late = joined(log.join("venue:v1", v1(0)))
    assert [len(batch.entries) for batch in late.missed] == [1]
    assert late.position == v1(1)
    (batch,) = log.fanout.flush("venue:v1")
    assert (batch.prev, batch.to) == (v1(1), v1(2))


def test_a_position_ahead_of_this_replica_is_kept() -> None:
    answer = joined(Log().join("venue:v1", v1(7)))
    assert (answer.position, answer.missed) == (v1(7), [])


@pytest.mark.parametrize(
    ("position", "why"),
    [
        ("ffffffff.0-1.1-1.2-1", "epoch"),
        (f"{EPOCH}.{(partition_of('v1', PARTITIONS) + 1) % PARTITIONS}-0", "cover"),
        (v1(0), "older"),
    ],
)
def test_a_position_that_cannot_be_continued_is_a_resync(position: str, why: str) -> None:
    log = Log(max_age_ms=10)
    for at in range(0, 100, 10):
        log.append("v1", at=at)
    answer = log.join("venue:v1", position)
    assert isinstance(answer, Resync)
    assert why in answer.reason


def test_a_resync_does_not_enter_the_room() -> None:
    log = Log()
    log.join("venue:v1", "ffffffff.0-1.1-1.2-1")
    assert log.append("v1") == []


def test_more_than_a_replay_sends_is_a_resync() -> None:
    log = Log(replay_limit=3)
    for _ in range(4):
        log.append("v1")
    assert isinstance(log.join("venue:v1", v1(0)), Resync)
    assert isinstance(log.join("venue:v1", v1(1)), Joined)


def test_a_long_replay_comes_in_parts_that_follow_each_other() -> None:
    log = Log()
    for _ in range(450):
        log.append("v1")
    parts = joined(log.join("venue:v1", v1(0))).missed
    assert [len(part.entries) for part in parts] == [200, 200, 50]
    assert [(part.prev, part.to) for part in parts] == [(v1(0), v1(200)), (v1(200), v1(400)), (v1(400), v1(450))]


def test_a_quiet_room_in_a_busy_partition_can_be_resumed_for_long() -> None:
    log = Log(max_age_ms=10)
    partition = partition_of("v1", PARTITIONS)
    start = log.rings[partition].next
    for at in range(0, 1_000, 10):
        log.fanout.append(partition, log.rings[partition].next, event("v2", at, at=at), now=0.0)
    assert isinstance(log.join("venue:v1", v1(start)), Joined)


def test_an_organization_s_new_venue_in_another_partition_leaves_no_hole() -> None:
    log = Log()
    held = joined(log.join("organization:o0")).position
    log.append("v3")
    (batch,) = log.fanout.flush("organization:o0")
    assert batch.prev == held
    log.fanout.leave("organization:o0")
    log.append("v1")
    assert places(joined(log.join("organization:o0", batch.to)).missed) == [(partition_of("v1", PARTITIONS), 0)]


def test_a_large_batch_comes_in_parts_that_follow_each_other() -> None:
    log = Log(cap=Cap(events=4, bytes=10**6))
    log.join("venue:v1")
    for _ in range(10):
        log.append("v1")
    parts = log.fanout.flush("venue:v1")
    assert [(part.prev, part.to, len(part.entries)) for part in parts] == [
        (v1(0), v1(4), 4),
        (v1(4), v1(8), 4),
        (v1(8), v1(10), 2),
    ]


def test_an_order_s_room_has_its_events_alone_and_reduced_live_and_replayed() -> None:
    log = Log()
    held = joined(log.fanout.join(Room("order", "order-2"), None, venue_id="v1"))
    for _ in range(3):
        log.append("v1")
    (live,) = log.fanout.flush("order:order-2")
    again = joined(log.fanout.join(Room("order", "order-2"), Position.parse(held.position), venue_id="v1"))
    for batch in (live, *again.missed):
        assert places([batch]) == [(partition_of("v1", PARTITIONS), 1)]
        assert batch.entries[0].value == b'{"id":"e2","order_id":"order-2","version":1,"time":"t","change":{}}'
    assert again.position == v1(3)


def test_a_guest_s_texts_are_sent_opened_and_once_erased_not_even_to_who_comes_back() -> None:
    seal = GuestTexts(lambda: GuestKeys({"e": bytes(16)}, "e"))
    rings = {0: Ring(start=0, max_age_ms=10**6, max_bytes=10**9)}
    fanout = Fanout(epoch=EPOCH, rings=rings, batches=Batches(Windows(0.1)), replay_limit=9, guests=seal)
    room, start = Room("venue", "v1"), Position(EPOCH, {0: 0})

    def append(kind: str, change: dict[str, object]) -> None:
        value = msgspec.json.encode({"id": "e", "type": kind, "change": seal.sealed("order-1", change)})
        accepted = msgspec.structs.replace(event("v1", 1), type=kind, value=value)
        fanout.append(0, rings[0].next, accepted, now=0.0)

    def sent(joined: Joined | Resync) -> list[object]:
        assert isinstance(joined, Joined)
        return [msgspec.json.decode(entry.value)["change"] for batch in joined.missed for entry in batch.entries]

    append("order.placed.v1", {"notes": "by the window"})
    assert sent(fanout.join(room, start)) == [{"notes": "by the window"}]
    append("order.note_changed.v1", {"notes": "inside"})
    append("order.guest_erased.v1", {"notes": None})
    pending = [
        msgspec.json.decode(entry.value)["change"] for batch in fanout.flush("venue:v1") for entry in batch.entries
    ]
    assert pending == [{"notes": "(erased)"}, {"notes": None}]
    assert sent(fanout.join(room, start)) == [{"notes": "(erased)"}, {"notes": "(erased)"}, {"notes": None}]
