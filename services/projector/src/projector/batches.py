"""A batch of consumed records, by partition: as the log's records, and as the steps that it takes.

Invariant: a step begins where the one before it ended, written or not.
"""

from collections.abc import Iterator, Mapping, Sequence

from aiokafka import ConsumerRecord

from order_contracts.wire import read_record
from projector.changes import LogRecord
from projector.holdings import Holding, digest
from projector.read_models import Step

Batch = dict[int, Sequence[ConsumerRecord]]


def records_of(batch: Batch, partitions: int) -> Iterator[LogRecord]:
    """Read keys and headers, partition by partition."""
    for records in batch.values():
        for one in records:
            place = (one.partition, partitions)
            content = read_record(one.key, one.value, one.headers, one.timestamp, place)
            yield LogRecord(one.partition, one.offset, content)


def steps_of(batch: Batch, holdings: Mapping[int, Holding]) -> dict[int, Step]:
    """Move on the partitions of a batch: what is consumed next goes on behind it."""
    steps = {}
    for partition, records in batch.items():
        held, after = holdings[partition], records[-1].offset + 1
        steps[partition] = Step(held.next, after, digest(records[-1]), held.revision)
        held.next = after
    return steps
