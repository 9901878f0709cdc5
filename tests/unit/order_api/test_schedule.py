"""When scheduled orders are due: never early, none forgotten, each once, whatever order they are heard in."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_api.clock_release import release_of
from order_api.schedule import Schedule, Scheduled
from order_contracts.wire import Envelope

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LEAD = timedelta(minutes=30)
MINUTES = st.integers(-600, 600)


def order(name: str, minutes: int) -> Scheduled:
    return Scheduled(name, "v1", "org-1", NOON + timedelta(minutes=minutes))


def heard(value: object, type_: str = "order.scheduled.v1") -> Envelope:
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Envelope("e1", type_, "o1", "v1", "org-1", 1, None, (), 0, "f", 0, raw)


@given(st.dictionaries(st.uuids().map(str), MINUTES, max_size=30), st.lists(MINUTES, min_size=1, max_size=10))
def test_each_is_due_once_at_the_first_look_from_its_time_on(orders: dict[str, int], looks: list[int]) -> None:
    schedule, taken = Schedule(LEAD), dict.fromkeys(orders, 0)
    for name, minutes in orders.items():
        schedule.note(order(name, minutes))
        schedule.note(order(name, minutes))
    for look in sorted(looks):
        now = NOON + timedelta(minutes=look)
        due = schedule.take_due(now)
        assert [one.scheduled_for for one in due] == sorted(one.scheduled_for for one in due)
        for one in due:
            taken[one.order_id] += 1
        for name, minutes in orders.items():
            assert taken[name] == (now >= NOON + timedelta(minutes=minutes) - LEAD)
        assert schedule.overdue(now) == timedelta()
    assert len(schedule) == len(orders) - sum(taken.values())


def test_what_could_not_be_released_is_due_again_and_told_as_late() -> None:
    schedule = Schedule(LEAD)
    schedule.note(order("o1", 30))
    (due,) = schedule.take_due(NOON)
    schedule.note(due)
    assert schedule.overdue(NOON + timedelta(minutes=2)) == timedelta(minutes=2)
    assert schedule.take_due(NOON + timedelta(minutes=2)) == [due]


def test_only_what_the_log_says_is_scheduled_waits() -> None:
    schedule = Schedule(LEAD)
    schedule.hear(heard({"change": {"scheduled_for": "2026-11-30T13:00:00.000Z"}}, "order.placed.v1"))
    assert len(schedule) == 0
    schedule.hear(heard({"change": {"scheduled_for": "2026-11-30T13:00:00.000Z", "items": {}}, "id": "e1"}))
    assert schedule.take_due(NOON + LEAD) == [Scheduled("o1", "v1", "org-1", NOON + timedelta(hours=1))]


@pytest.mark.parametrize(
    "value",
    [b"{", b"\xff", b"[]", {}, {"change": {}}, {"change": {"scheduled_for": None}}]
    + [{"change": {"scheduled_for": text}} for text in ("", "soon", "2026-11-30T13:00:00", "9999-12-31T23:59:59+99:99")]
    + [b'{"x":' + b"[" * 100_000],
)
def test_an_event_that_cannot_be_read_stops_nobody(value: object) -> None:
    schedule = Schedule(LEAD)
    schedule.hear(heard(value))
    assert len(schedule) == 0


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_moment_at_the_calendar_s_end_stops_nobody(moment: str) -> None:
    schedule = Schedule(LEAD)
    schedule.hear(heard({"change": {"scheduled_for": moment}}))
    assert len(schedule.take_due(NOON)) == (moment < "2026")


def test_every_replica_names_a_release_alike_and_no_other_order_s() -> None:
    one = order("6f1f2a50-3f0e-5a9a-9a3b-111111111111", 0)
    other = order("6f1f2a50-3f0e-5a9a-9a3b-222222222222", 0)
    assert release_of(one) == release_of(one)
    assert release_of(one).event_id != release_of(other).event_id
