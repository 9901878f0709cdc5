"""Which partitions this process projects, and from which offset. Pure: no broker, no database, no clock.

Invariants: records are admitted only from the very offset that the partition's position names, each once; after a
claim, only once the record before that offset was seen to be the one that was projected last. aiokafka detects
neither a truncated log nor another one under the same name; the digest does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from order_contracts.positions import lineage_of


class LineageBroken(Exception):
    """The log is not the one that the rows were made of. Going on would mix two histories."""


class Consumed(Protocol):
    """What is needed of aiokafka's ConsumerRecord."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


R = TypeVar("R", bound=Consumed)


def digest(record: Consumed) -> str:
    """Tell a record from any other that might stand at its offset, well-formed or not."""
    return lineage_of(record.timestamp, record.key, record.value)


@dataclass(slots=True)
class Holding:
    """A claimed partition. `lineage` is the digest of the record before `next`, None once that has been seen.

    `next` is the offset to take next, and runs ahead of `written`: a batch is folded while the one before is written.
    """

    next: int
    lineage: str | None
    revision: int = 0  # of the rows, as the claim found it: another one fences this holding off
    written: int = field(init=False)
    seen_until: int | None = None  # append time of the last record before `written`, where known

    def __post_init__(self) -> None:
        """Begin with all of it written: that is where a claim found it."""
        self.written = self.next

    @property
    def fetch_from(self) -> int:
        """The offset to read from: that of the record before `next` while it is still to be compared."""
        return self.next if self.lineage is None else self.next - 1

    def check_reach(self, partition: int, first: int, end: int) -> None:
        """Check that the log still has what comes next. Raises LineageBroken."""
        if not first <= self.fetch_from <= self.next <= end:
            raise LineageBroken(
                f"partition {partition}: the rows stand at offset {self.next}, the log has {first} to {end}. Records "
                "were deleted or the topic was recreated: raise LOG_EPOCH and rebuild into a new DATABASE_SCHEMA"
            )


class Holdings(dict[int, Holding]):
    """The claimed partitions."""

    def admit(self, partition: int, records: Sequence[R]) -> Sequence[R] | None:
        """Give what is to be projected of a poll's records; None when the partition has to be claimed anew.

        Records of a partition that is not held are left: they are fetched again once it is. Records from another
        offset than expected were fetched before a seek, or stand behind a gap; a claim looks at the log again.
        """
        holding = self.get(partition)
        if holding is None:
            return ()
        if records[0].offset != holding.fetch_from:
            return None
        if holding.lineage is None:
            return records
        if digest(records[0]) != holding.lineage:
            raise LineageBroken(
                f"partition {partition}: the record at offset {records[0].offset} is not the one that was projected. "
                "The topic was truncated or recreated: raise LOG_EPOCH and rebuild into a new DATABASE_SCHEMA"
            )
        holding.lineage, holding.seen_until = None, records[0].timestamp
        return records[1:]
