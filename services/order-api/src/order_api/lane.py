"""A partition's records on their way to the broker: what waits, and the batch that is under way.

Invariants: one batch of a partition is under way at a time, so that the log has records in the order in which they were
handed over; whoever hands one over hears of it once, unless nobody wants it any more by the time it could go.
"""

from dataclasses import dataclass, field
from typing import Protocol

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from msgspec import Struct

_BATCH_BYTES = 256 * 1024  # of one busy venue, too; a record that is longer goes alone


class Appending(Protocol):
    """Who hands a record over."""

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: what has not been sent then is not."""
        ...

    def appended(self, offset: int, appended_at: int | None) -> None:
        """Hear where the record stands, and when the broker took it, as every reader will see; None: readers know."""
        ...

    def failed(self, error: Exception) -> None:
        """Hear that the broker did not take it as it should: it may stand or not."""
        ...


class Record(Struct, frozen=True):
    """A record as Kafka holds it, and the partition that it goes to."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(slots=True, eq=False)
class Lane:
    """One partition. `since`: when the batch that is under way, or about to be, was asked for; None: there is none."""

    partition: int
    since: float | None = None
    waiting: list[tuple[Record, Appending]] = field(default_factory=list)
    batch: bytearray | None = None
    _by: list[Appending] = field(default_factory=list)

    def load(self) -> bytearray | None:
        """Give the batch to send: the one that is to be tried again, or one of what waits; None: nobody wants any."""
        if self.batch is None:
            wanted = [one for one in self.waiting if not one[1].over]
            builder, taken = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, _BATCH_BYTES), 0
            for record, _ in wanted:
                if builder.append(taken, None, record.key, record.value, record.headers) is None:
                    break
                taken += 1
            self._by, self.waiting = [by for _, by in wanted[:taken]], wanted[taken:]
            if taken:
                self.batch = builder.build()
            else:
                self.since = None
        return self.batch

    def stands(self, offset: int, appended_at: int | None) -> int:
        """Tell all of the batch where it stands; give how many they are."""
        by = self._unload()
        for place, one in enumerate(by, offset):  # the broker takes a batch whole, at one moment
            one.appended(place, appended_at)
        return len(by)

    def failed(self, error: Exception) -> int:
        """Tell all of the batch that it may stand or not; give how many they are."""
        by = self._unload()
        for one in by:
            one.failed(error)
        return len(by)

    def _unload(self) -> list[Appending]:
        by, self._by, self.batch, self.since = self._by, [], None, None
        return by
