"""The acceptance rule: the log arbitrates. One implementation, for every reader.

Kafka has no conditional append, so each record names the event that it was decided on, its parent. A record is
accepted iff its parent is its order's head and it was appended in time; the first in log order that extends a head
wins, and every other that names the same parent has lost, for every reader alike, forever (log-arbitrated optimistic
concurrency; prior art: Hyder's meld, Tango, ksqlDB's command topic). The rule knows nothing of business.
"""

from enum import Enum
from itertools import takewhile

from msgspec import Struct

from order_contracts.wire import Envelope

NOT_AFTER_MS = 30_000
"""How long after its decision a record may be appended."""
SETTLING_MS = 120_000
"""After this much of the log, a reader that started in its middle agrees with one that read it all."""


class Verdict(Enum):
    """What the rule says of a record."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"  # another record extended that parent first, or this very event stands already
    LATE = "late"  # appended after its not_after: its writer has given it up long ago


_ACCEPTED, _SUPERSEDED, _LATE = Verdict  # a look at an enumeration's member takes longer than a judgement


class _Head(Struct, frozen=True, gc=False):  # one an order: the collector has nothing to look for in them
    id: str
    version: int
    seen_at: int
    tentative: bool


class Arbiter:
    """Judges the records of one partition, in log order, each once.

    Invariants: `complete` says that reading began at the partition's first record. Otherwise heads learned in the
    first SETTLING_MS of log are tentative: the record seen may be a loser whose winner came just before. Writers
    build on accepted events only, so a record with a higher version than a tentative head proves that its own parent
    was accepted: it replaces the head; the same or a lower version is a loser. A record that names a tentative head
    as its parent ends no doubt: the head seen may be a late copy, and the record's winner have come before it.
    `settled` says that all heads of the last SETTLING_MS have been or will be seeded: then there is no doubt from
    the first record on.
    """

    def __init__(self, *, complete: bool, settled: bool = False) -> None:
        self._heads: dict[str, _Head] = {}  # in order of their last event, oldest first
        self._complete = complete
        self._settled_at = 0 if complete or settled else None

    def seed(self, order_id: str, event_id: str, version: int, appended_at: int) -> None:
        """Take an order's head from a reader that knows it, such as the rows of a projector; there is no doubt in it.

        Before any record of that order is judged, and oldest heads first where `forget_before` is used.
        """
        self._heads[order_id] = _Head(event_id, version, appended_at, tentative=False)

    def judge(self, record: Envelope) -> Verdict:
        """Say whether `record` is accepted, and remember it as its order's head if so."""
        if self._settled_at is None:
            self._settled_at = record.appended_at + SETTLING_MS
        if record.appended_at > record.not_after:
            return _LATE
        head = self._heads.get(record.order_id)
        if not self._extends(head, record):
            return _SUPERSEDED
        tentative = record.appended_at < self._settled_at
        self._heads.pop(record.order_id, None)  # so that the dict stays in order of last events
        self._heads[record.order_id] = _Head(record.id, record.version, record.appended_at, tentative)
        return _ACCEPTED

    def _extends(self, head: _Head | None, record: Envelope) -> bool:
        if head is None:
            return record.parent is None or not self._complete
        if record.parent == head.id:
            return record.version == head.version + 1
        return head.tentative and record.version > head.version

    def forget_before(self, moment: int) -> None:
        """Drop heads whose last event was appended before `moment` (ms since 1970), so that memory stays bounded.

        Safe from SETTLING_MS of age on: no loser comes later than that, so an order that comes back is taken at
        its first word, as in the middle of a log.
        """
        old = list(takewhile(lambda entry: entry[1].seen_at < moment, self._heads.items()))
        for order_id, _ in old:
            del self._heads[order_id]
        self._complete = self._complete and not old
