"""What a batch of records changes in the read models. Pure: records and the rows before in, changes out.

Invariant: however a log is cut into batches, the rows come out the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.events import Event, decode_event
from order_contracts.wire import Envelope, Malformed
from projector.order_row import OrderRow, Unprojectable, row_after
from projector.venue_counts import Key, count_changes

_LONG_AGO = 0  # arbiters of one batch forget nothing, so that the age of their heads does not matter


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record where it stands in the log, its headers read."""

    partition: int
    offset: int
    content: Envelope | Malformed


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An accepted record that could not be projected, or that waits behind one of its order."""

    record: LogRecord
    envelope: Envelope
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last accepted event of an order."""

    event_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Before:
    """What the tables hold of a batch's orders.

    Rows; heads of the quarantined ones by (partition, order); (partition, order, version) of discarded dead letters.
    """

    rows: Mapping[str, OrderRow]
    quarantined: Mapping[tuple[int, str], Head]
    discarded: Set[tuple[int, str, int]] = frozenset()


@dataclass(slots=True)
class Changes:
    """What is to be written, in order, and what is to be counted."""

    rows: dict[str, OrderRow] = field(default_factory=dict)
    trail: list[tuple[LogRecord, Envelope]] = field(default_factory=list)
    counts: Counter[Key] = field(default_factory=Counter)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, later: "Changes") -> None:
        """Take in the changes of the part of the batch that comes next."""
        self.rows.update(later.rows)
        self.trail += later.trail
        self.counts.update(later.counts)
        self.dead_letters += later.dead_letters
        self.accepted.update(later.accepted)
        self.rejected.update(later.rejected)


def project(records: Iterable[LogRecord], before: Before, *, partitions: int, poison: str | None = None) -> Changes:
    """Judge and fold `records`. With `poison`, whatever is accepted is a dead letter, for that reason."""
    return _Projection(before, partitions, poison).of(records)


class _Projection:
    """One batch on its way. The arbiters live no longer than it: rows and dead letters are the heads' only memory.

    Hence nothing grows, and a projector that starts in the middle of the log judges as one that never stopped:
    an order without row and without dead letter has no head.
    """

    def __init__(self, before: Before, partitions: int, poison: str | None) -> None:
        self._partitions = partitions
        self._poison = poison
        self._rows = dict(before.rows)
        self._waiting = set(before.quarantined)
        self._discarded = before.discarded
        self._arbiters: dict[int, Arbiter] = {}
        self._changes = Changes()
        for row in before.rows.values():
            arbiter = self._arbiter(partition_of(row.venue_id, partitions))
            arbiter.seed(row.order_id, row.head, row.version, _LONG_AGO)
        for (partition, order_id), head in before.quarantined.items():  # after the rows: they are further on
            self._arbiter(partition).seed(order_id, head.event_id, head.version, _LONG_AGO)

    def of(self, records: Iterable[LogRecord]) -> Changes:
        for record in records:
            if isinstance(record.content, Malformed):
                self._changes.rejected["malformed"] += 1
                continue
            verdict = self._arbiter(record.partition).judge(record.content)
            if verdict is Verdict.ACCEPTED:
                self._accept(record, record.content)
            else:
                self._changes.rejected[verdict.value] += 1
        return self._changes

    def _arbiter(self, partition: int) -> Arbiter:
        if partition not in self._arbiters:
            self._arbiters[partition] = Arbiter(complete=True)
        return self._arbiters[partition]

    def _accept(self, record: LogRecord, envelope: Envelope) -> None:
        self._changes.accepted[envelope.type] += 1
        order = record.partition, envelope.order_id
        if (*order, envelope.version) in self._discarded:
            self._pass_over(order, envelope)
            return
        if order in self._waiting:
            self._changes.dead_letters.append(DeadLetter(record, envelope, "waits behind a dead letter of its order"))
            return
        try:
            self._fold(record, envelope)
        except ValueError as error:
            self._waiting.add(order)
            self._changes.dead_letters.append(DeadLetter(record, envelope, str(error)))

    def _pass_over(self, order: tuple[int, str], envelope: Envelope) -> None:
        """Go on behind a discarded event, whose dead letter stands already: only the order's head moves."""
        row = self._rows.get(envelope.order_id)
        if row is None or order in self._waiting:
            self._waiting.add(order)
            return
        moved = replace(row, version=envelope.version, head=envelope.id)
        self._rows[envelope.order_id] = self._changes.rows[envelope.order_id] = moved

    def _fold(self, record: LogRecord, envelope: Envelope) -> None:
        if self._poison is not None:
            raise Unprojectable(self._poison)
        event = _event_of(envelope)
        before = self._rows.get(envelope.order_id)
        after = row_after(before, envelope, event)
        self._rows[envelope.order_id] = self._changes.rows[envelope.order_id] = after
        self._changes.trail.append((record, envelope))
        for key, step in count_changes(before, after):
            self._changes.counts[key] += step  # a sum of 0 stays: see venue_status_counts


def _event_of(envelope: Envelope) -> Event:
    event = decode_event(envelope.value)
    said = event.id, event.type, event.order_id, event.venue_id, event.organization_id, event.version, event.parent
    routed = (
        envelope.id,
        envelope.type,
        envelope.order_id,
        envelope.venue_id,
        envelope.organization_id,
        envelope.version,
        envelope.parent,
    )
    if said != routed:
        raise Unprojectable("the value says other than the headers")
    return event
