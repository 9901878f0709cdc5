"""What goes into a batch and what comes out: records and the rows before, changes of every read model. Plain data."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from order_contracts.wire import Envelope, Malformed
from projector.counting import Tally
from projector.order_row import OrderRow
from projector.refunds import Refund
from projector.sales import ItemKey, SalesKey
from projector.stage_times import StageKey
from projector.venue_counts import Key


class LogRecord(Struct, frozen=True, gc=False):
    """A record where it stands in the log, its headers read."""

    partition: int
    offset: int
    content: Envelope | Malformed


class TrailEntry(NamedTuple):
    """An accepted event for the audit trail, and when its order began (ms since 1970)."""

    record: LogRecord
    envelope: Envelope
    began_at: int


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
    trail: list[TrailEntry] = field(default_factory=list)
    counts: Tally[Key] = field(default_factory=Tally)
    sales: Tally[SalesKey] = field(default_factory=Tally)
    items: Tally[ItemKey] = field(default_factory=Tally)
    stages: Tally[StageKey] = field(default_factory=Tally)
    refunds: list[Refund] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, later: "Changes") -> None:
        """Take in the changes of the part of the batch that comes next."""
        self.rows.update(later.rows)
        self.trail += later.trail
        self.counts.add(later.counts.items())
        self.sales.add(later.sales.items())
        self.items.add(later.items.items())
        self.stages.add(later.stages.items())
        self.refunds += later.refunds
        self.dead_letters += later.dead_letters
        self.accepted.update(later.accepted)
        self.rejected.update(later.rejected)
