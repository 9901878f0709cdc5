"""What one partition's records are worth to a screen. Pure: record in, reading out.

What must not break: no loser and no garbage is ever shown. In the first minutes of a log read from its middle nobody
can tell a loser from a winner, so records there teach the arbiter and are shown to nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

from order_contracts.arbiter import SETTLING_MS, Arbiter, Verdict
from order_contracts.wire import Envelope, Malformed, read_record

_FORGET_EVERY = 1_000  # records


class Fate(Enum):
    """What becomes of a record here: the acceptance rule's verdict, or why it never got that far."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    LATE = "late"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"  # accepted, yet not JSON: forwarded undecoded it would break every screen of its room
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins: at `offset`, chosen as the first record appended at or after `since` (ms since 1970).

    `end` is where the log ended then: what comes later is live.
    """

    offset: int
    end: int
    since: int


class Reading(msgspec.Struct, frozen=True, gc=False):  # one a record
    """A record's fate; `event` is there when it is to be shown, `reason` when it is malformed."""

    fate: Fate
    event: Envelope | None = None
    reason: str | None = None


class PartitionLog:
    """Reads one partition in log order, each record once."""

    def __init__(self, start: Start, *, remember_ms: int, place: tuple[int, int] | None = None) -> None:
        self._place = place
        complete = start.offset == 0
        self._arbiter = Arbiter(complete=complete)
        self._settled_at = None if complete else start.since + SETTLING_MS
        self._end = start.end
        self._remember_ms = remember_ms
        self._read = 0

    def read(
        self,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
        appended_at: int,
    ) -> Reading:
        """Say what becomes of a record. Never raises, whatever the bytes."""
        self._forget(appended_at)
        settled = self._has_settled(offset, appended_at)
        record = read_record(key, value, headers, appended_at, self._place)
        if isinstance(record, Malformed):
            return Reading(Fate.MALFORMED if settled else Fate.UNSETTLED, reason=record.reason)
        verdict = self._arbiter.judge(record)
        if not settled:
            return Reading(Fate.UNSETTLED)
        if verdict is not Verdict.ACCEPTED:
            return Reading(Fate(verdict.value))
        return Reading(Fate.ACCEPTED, record) if _is_object(record.value) else Reading(Fate.UNREADABLE)

    def _has_settled(self, offset: int, appended_at: int) -> bool:
        """Say whether losers can be told from here on. Once true it stays so, whatever the log's clock does.

        No record between `since` and the first one read exists, so the two minutes count from `since`; and what is
        appended while we run is far past them, even where this machine's clock is not the log's.
        """
        if self._settled_at is not None and (appended_at >= self._settled_at or offset >= self._end):
            self._settled_at = None
        return self._settled_at is None

    def _forget(self, appended_at: int) -> None:
        self._read += 1
        if self._read % _FORGET_EVERY == 0:
            self._arbiter.forget_before(appended_at - self._remember_ms)


_scanner = msgspec.json.Decoder(msgspec.Raw)


def _is_object(value: bytes) -> bool:
    """Whether the value is one JSON object, in UTF-8: a scan of half a microsecond, nothing is built."""
    try:
        value.decode()
        return bytes(_scanner.decode(value)).lstrip()[:1] == b"{"
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return False
