"""What a batch of records changes in the read models. Pure: records and the rows before in, changes out.

Invariant: however a log is cut into batches, the rows come out the same.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.events import Event, decode_event
from order_contracts.wire import Envelope, Malformed
from projector.changes import Before, Changes, DeadLetter, LogRecord, TrailEntry
from projector.order_row import row_after
from projector.refunds import refund_in
from projector.sales import sales_changes
from projector.stage_times import stage_changes
from projector.unprojectable import Unprojectable
from projector.venue_counts import count_changes

_NUL = rb"\u0000"
_ACCEPTED = Verdict.ACCEPTED  # a look at an enumeration's member takes longer than a judgement
_LONG_AGO = 0  # arbiters of one batch forget nothing, so that the age of their heads does not matter


def project(records: Iterable[LogRecord], before: Before, *, partitions: int, poison: str | None = None) -> Changes:
    """Judge and fold `records`. With `poison`, whatever is accepted is a dead letter, for that reason."""
    projection = Projection(before, partitions, poison)
    projection.take(records)
    return projection.changes


class Projection:
    """One batch on its way. The arbiters live no longer than it: rows and dead letters are the heads' only memory.

    Hence nothing grows, and a projector that starts in the middle of the log judges as one that never stopped:
    an order without row and without dead letter has no head.
    """

    def __init__(self, before: Before, partitions: int, poison: str | None = None) -> None:
        self._partitions = partitions
        self._poison = poison
        self._rows = dict(before.rows)
        self._waiting = set(before.quarantined)
        self._discarded = before.discarded
        self._arbiters: dict[int, Arbiter] = defaultdict(lambda: Arbiter(complete=True))
        self.changes = Changes()
        for row in before.rows.values():
            arbiter = self._arbiters[partition_of(row.venue_id, partitions)]
            arbiter.seed(row.order_id, row.head, row.version, _LONG_AGO)
        for (partition, order_id), head in before.quarantined.items():  # after the rows: they are further on
            self._arbiters[partition].seed(order_id, head.event_id, head.version, _LONG_AGO)

    def take(self, records: Iterable[LogRecord]) -> None:
        """Judge and fold the next records of the batch."""
        for record in records:
            envelope = record.content
            if isinstance(envelope, Malformed):
                self.changes.rejected["malformed"] += 1
                continue
            verdict = self._arbiters[record.partition].judge(envelope)
            if verdict is _ACCEPTED:
                self._accept(record, envelope)
            else:
                self.changes.rejected[verdict.value] += 1

    def _accept(self, record: LogRecord, envelope: Envelope) -> None:
        self.changes.accepted[envelope.type] += 1
        order = record.partition, envelope.order_id
        if self._discarded and (*order, envelope.version) in self._discarded:
            self._pass_over(order, envelope)
            return
        if order in self._waiting:
            self.changes.dead_letters.append(DeadLetter(record, envelope, "waits behind a dead letter of its order"))
            return
        try:
            self._fold(record, envelope)
        except ValueError as error:
            self._waiting.add(order)
            self.changes.dead_letters.append(DeadLetter(record, envelope, str(error)))

    def _pass_over(self, order: tuple[int, str], envelope: Envelope) -> None:
        """Go on behind a discarded event, whose dead letter stands already: only the order's head moves."""
        row = self._rows.get(envelope.order_id)
        if row is None or order in self._waiting:
            self._waiting.add(order)
            return
        moved = replace(row, version=envelope.version, head=envelope.id)
        self._rows[envelope.order_id] = self.changes.rows[envelope.order_id] = moved

    def _fold(self, record: LogRecord, envelope: Envelope) -> None:
        if self._poison is not None:
            raise Unprojectable(self._poison)
        event = _event_of(envelope)
        before = self._rows.get(envelope.order_id)
        after = row_after(before, envelope, event)
        sales, items = sales_changes(before, after, event.change)
        stages = stage_changes(before, after, event.change)
        refund = refund_in(before, after, event)
        # nothing is refused from here on
        changes = self.changes
        self._rows[envelope.order_id] = changes.rows[envelope.order_id] = after
        changes.trail.append(TrailEntry(record, envelope, after.pace.created))
        if before is None or before.status != after.status:
            changes.counts.add(count_changes(before, after))
        if sales:
            changes.sales.add(sales)
        if items:
            changes.items.add(items)
        if stages:
            changes.stages.add(stages)
        if refund is not None:
            changes.refunds.append(refund)


def _event_of(envelope: Envelope) -> Event:
    if _NUL in envelope.value and _NUL in envelope.value.replace(rb"\\", b""):  # a pair of backslashes escapes nothing
        raise Unprojectable("a text holds U+0000, which Postgres can't")
    event = decode_event(envelope.value)
    if (
        event.id == envelope.id
        and event.type == envelope.type
        and event.order_id == envelope.order_id
        and event.venue_id == envelope.venue_id
        and event.organization_id == envelope.organization_id
        and event.version == envelope.version
        and event.parent == envelope.parent
    ):
        return event
    raise Unprojectable("the value says other than the headers")
