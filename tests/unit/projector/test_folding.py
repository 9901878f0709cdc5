"""A batch that is written out while it is folded: the same texts as written out at its end."""

import asyncio
from random import Random

import pytest

from infra.random_log import RandomLog
from order_contracts.wire import read_record
from projector.changes import Before, LogRecord
from projector.folding import fold, orders_of
from projector.projection import project
from projector.statements import texts_of
from projector.trail import trail_rows

PARTITIONS = 3


@pytest.mark.parametrize("seed", range(20))
def test_an_order_with_several_events_in_a_batch_is_written_as_the_last_one_leaves_it(seed: int) -> None:
    entries = RandomLog(Random(f"fold {seed}"), ("osteria", "kiosk", "bar"), PARTITIONS).entries(150)
    records = [
        LogRecord(
            e.partition, n, read_record(e.key, e.value, e.headers, 1_795_199_100_000 + n, (e.partition, PARTITIONS))
        )
        for n, e in enumerate(entries)
    ]
    before = Before({}, {})
    folded = asyncio.run(fold(records, orders_of(records), before, PARTITIONS))
    changes = project(records, before, partitions=PARTITIONS)
    assert folded.changes == changes
    assert folded.writing == texts_of(changes)
    assert folded.trail == trail_rows(changes.trail)
