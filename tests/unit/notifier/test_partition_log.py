"""What one partition's records are worth: losers and garbage are never shown, from whatever offset reading began."""

from zlib import crc32

import pytest

from notifier.partition_log import Fate, PartitionLog, Reading, Start
from order_contracts.arbiter import SETTLING_MS
from order_contracts.events import Event
from order_contracts.wire import write_record

SINCE = 1_000_000_000
LATER = SINCE + SETTLING_MS


def read(
    log: PartitionLog,
    offset: int,
    version: int,
    parent: str | None,
    at: int,
    *,
    name: str | None = None,
    not_after: int | None = None,
    value: bytes | None = None,
) -> Reading:
    happened = Event(
        id=name or f"e{version}",
        type="order.placed.v1",
        order_id="order-1",
        venue_id="v1",
        organization_id="o1",
        version=version,
        parent=parent,
        time="2026-11-20T18:25:00.000Z",
        actor="test",
        change={"version": version},
    )
    deadline = at + 30_000 if not_after is None else not_after
    key, written, headers = write_record(happened, stations=(), not_after=deadline, fingerprint="f")
    if value is not None:
        headers["ce_crc32"] = f"{crc32(value):08x}"
    return log.read(offset, key, value or written, [(n, v.encode()) for n, v in headers.items()], at)


def whole_log() -> PartitionLog:
    return PartitionLog(Start(0, end=0, since=SINCE), remember_ms=900_000)


def test_the_first_to_extend_a_head_wins_and_the_other_is_not_shown() -> None:
    log = whole_log()
    assert read(log, 0, 1, None, SINCE).fate is Fate.ACCEPTED
    assert read(log, 1, 2, "e1", SINCE).event is not None
    loser = read(log, 2, 2, "e1", SINCE, name="loser")
    assert (loser.fate, loser.event) == (Fate.SUPERSEDED, None)


def test_a_loser_whose_winner_came_before_the_start_is_never_shown() -> None:
    log = PartitionLog(Start(100, end=500, since=SINCE), remember_ms=900_000)
    assert read(log, 100, 2, "e1", SINCE + 1_000, name="loser").fate is Fate.UNSETTLED
    assert read(log, 101, 3, "winner", LATER, name="e3").event is not None


def test_a_quiet_partition_s_first_record_is_shown_when_two_minutes_of_silence_came_before_it() -> None:
    log = PartitionLog(Start(100, end=500, since=SINCE), remember_ms=900_000)
    assert read(log, 100, 2, "e1", LATER + 1).fate is Fate.ACCEPTED


def test_what_is_appended_while_we_run_is_shown_even_where_the_clocks_differ() -> None:
    log = PartitionLog(Start(100, end=100, since=SINCE), remember_ms=900_000)
    assert read(log, 100, 2, "e1", SINCE - 3_600_000).fate is Fate.ACCEPTED


def test_once_settled_the_log_stays_so_though_its_clock_goes_back() -> None:
    log = PartitionLog(Start(100, end=500, since=SINCE), remember_ms=900_000)
    read(log, 100, 2, "e1", LATER)
    assert read(log, 101, 3, "e2", SINCE).fate is Fate.ACCEPTED


@pytest.mark.parametrize("value", [b"\xff{}", b"[1]", b'{"a":', b'{"a":"\xff"}', b"{} {}", b"null", b'{"a":"\x1e"}'])
def test_a_value_that_would_break_every_screen_of_its_room_is_not_shown(value: bytes) -> None:
    log = whole_log()
    reading = read(log, 0, 1, None, SINCE, value=value)
    assert (reading.fate, reading.event) == (Fate.UNREADABLE, None)
    assert read(log, 1, 2, "e1", SINCE).event is not None, "the acceptance rule goes by headers, for every reader alike"


def test_garbage_has_a_reason() -> None:
    reading = whole_log().read(0, b"v1", b"{}", [("ce_specversion", None)], SINCE)
    assert (reading.fate, reading.reason) == (Fate.MALFORMED, "header ce_specversion is missing")


def test_late_records_are_not_shown() -> None:
    assert read(whole_log(), 0, 1, None, SINCE, not_after=SINCE - 1).fate is Fate.LATE
