"""The rings: what is held, what is dropped, and that the floor tells the truth about it."""

import pytest

from notifier.replay import Entry, Ring


def entry(offset: int, venue: str = "venue:v1", at: int = 0, size: int = 2) -> Entry:
    return Entry(0, offset, at, (venue, "organization:o1"), (), "order", b"x" * size)


def ring(max_age_ms: int = 1_000, max_bytes: int = 1_000_000, start: int = 0) -> Ring:
    return Ring(start=start, max_age_ms=max_age_ms, max_bytes=max_bytes)


def offsets(found: list[Entry]) -> list[int]:
    return [each.offset for each in found]


def test_a_replay_holds_the_room_s_events_between_two_offsets() -> None:
    held = ring()
    for offset, venue in enumerate(["venue:v1", "venue:v2", "venue:v1", "venue:v1"]):
        held.append(entry(offset, venue))
    assert offsets(held.since("venue:v1", 1, before=3)) == [2]
    assert offsets(held.since("venue:v1", 0, before=9)) == [0, 2, 3]
    assert offsets(held.since("organization:o1", 1, before=9)) == [1, 2, 3]
    assert held.since("venue:v3", 0, before=9) == []


def test_old_events_are_dropped_and_raise_the_floor_of_their_room_only() -> None:
    held = ring(max_age_ms=1_000)
    held.append(entry(0, "venue:v1", at=0))
    held.append(entry(1, "venue:v2", at=500))
    held.append(entry(2, "venue:v2", at=1_400))
    assert (held.floor("venue:v1"), held.floor("venue:v2"), held.floor("organization:o1")) == (1, 0, 1)
    assert offsets(held.since("organization:o1", 1, before=9)) == [1, 2]


def test_too_many_bytes_drop_the_oldest() -> None:
    held = ring(max_bytes=3_000)
    for offset in range(4):
        held.append(entry(offset, size=1_000))
    assert held.floor("venue:v1") == 2
    assert held.bytes <= 3_000


def test_an_event_larger_than_the_ring_is_not_held_and_nobody_is_told_otherwise() -> None:
    held = ring(max_bytes=100)
    held.append(entry(0, size=1_000))
    assert (held.floor("venue:v1"), held.bytes) == (1, 0)


def test_unsettled_records_raise_the_floor_of_every_room() -> None:
    held = ring(start=10)
    held.pass_unsettled(10)
    held.pass_unsettled(11)
    held.append(entry(12))
    assert (held.floor("venue:v1"), held.floor("venue:never-seen"), held.next) == (12, 12, 13)


def test_a_log_never_becomes_unsettled_again() -> None:
    held = ring()
    held.append(entry(0))
    with pytest.raises(ValueError, match="unsettled"):
        held.pass_unsettled(1)


def test_an_erased_guest_s_texts_go_from_an_order_s_events_and_from_no_other_s() -> None:
    held = ring()
    value = b'{"id":"e","change":{"status":"placed","notes":"by the window"}}'
    for offset, order_id in enumerate(["one", "other", "one"]):
        held.append(Entry(0, offset, 0, ("venue:v1",), (), order_id, value))
    held.append(Entry(0, 3, 0, ("venue:v1",), (), "one", b"no event"))
    held.erase("one")
    erased = b'{"id":"e","change":{"status":"placed","notes":"(erased)"}}'
    assert [entry.value for entry in held.since("venue:v1", 0, before=9)] == [erased, value, erased, b"no event"]
    held.append(Entry(0, 4, 10_000, ("venue:v1",), (), "one", b"{}"))  # all others are too old by now
    only = ring()
    only.append(Entry(0, 4, 10_000, ("venue:v1",), (), "one", b"{}"))
    assert held.bytes == only.bytes
