"""Batches folded while others are being written, on few rows at hand: the same tables, whatever fails in between."""

import asyncio
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from infra.random_log import RandomLog
from order_contracts.wire import read_record
from projector.changes import Before, Changes, Head, LogRecord
from projector.folding import Folded, fold
from projector.order_row import OrderRow
from projector.pipeline import Pipeline
from projector.projection import project
from projector.rows_at_hand import RowsAtHand

PARTITIONS = 3
VENUES = ("osteria", "kiosk", "bar")


class Memory:
    """What is committed, as ReadModels gives and takes it; a position, compared and set with each batch."""

    def __init__(self, random: Random, failing: float) -> None:
        self._random, self._failing = random, failing
        self.rows: dict[str, OrderRow] = {}
        self.total, self.position = Changes(), 0

    async def before(self, orders: list[str]) -> Before:
        await self._a_moment()
        heads: dict[tuple[int, str], Head] = {}
        for letter in self.total.dead_letters:
            heads[letter.record.partition, letter.envelope.order_id] = Head(letter.envelope.id, letter.envelope.version)
        rows = {name: row for name, row in self.rows.items() if name in orders}
        return Before(rows, {key: head for key, head in heads.items() if key[1] in orders})

    async def fold(self, records: list[LogRecord], orders: set[str], before: Before) -> Folded:
        return await fold(records, orders, before, PARTITIONS)

    async def write(self, folded: Folded) -> bool:
        """Commit; or fail before it, or after it without a word, as a lost connection does."""
        await self._a_moment()
        fails, written = self._random.random() < self._failing, self._random.random() < 0.5
        if folded.records[0].offset != self.position:
            return False
        if not fails or written:
            self.rows.update(folded.changes.rows)
            self.total.add(folded.changes)
            self.position = folded.records[-1].offset + 1
        return not fails

    async def _a_moment(self) -> None:
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)


def some_records(random: Random, length: int) -> list[LogRecord]:
    return [
        LogRecord(
            e.partition, n, read_record(e.key, e.value, e.headers, 1_795_199_100_000 + 7_000 * n, (e.partition, 3))
        )
        for n, e in enumerate(RandomLog(random, VENUES, PARTITIONS).entries(length))
    ]


async def fed(records: list[LogRecord], memory: Memory, random: Random, budget: int) -> None:
    """Feed a log as projector and rebuild do: whatever goes wrong, they forget and go on from the position."""
    pipeline = Pipeline(memory, bytes_at_hand=budget)  # type: ignore[arg-type]
    at = 0

    async def write(folded: Folded) -> None:
        nonlocal at
        if not await memory.write(folded):
            if random.random() < 0.5:
                raise OSError("cut off")
            pipeline.forget()
            at = -1

    while memory.position < len(records):
        if at in (-1, len(records)):
            await pipeline.drain()
            pipeline.forget()
            at = memory.position
        batch = records[at : at + random.randint(1, 12)]
        at += len(batch)
        try:
            if batch and not await pipeline.take(batch, write):
                at = -1
        except OSError:
            at = -1


@given(st.integers(), st.integers(1, 60), st.sampled_from([0.0, 0.3]), st.sampled_from([1, 9_000]))
def test_any_log_gives_the_tables_that_it_gives_in_one_piece(
    seed: int, length: int, failing: float, budget: int
) -> None:
    random = Random(seed)
    records = some_records(random, length)
    memory = Memory(random, failing)
    asyncio.run(fed(records, memory, random, budget))
    whole = project(records, Before({}, {}), partitions=PARTITIONS)
    assert memory.rows == whole.rows
    assert memory.total == whole


def test_what_is_folded_on_rows_that_were_thrown_away_is_not_written() -> None:
    async def throwing_away() -> bool:
        memory = Memory(Random(1), 0.0)
        pipeline = Pipeline(memory, bytes_at_hand=9_000)  # type: ignore[arg-type]
        taking = asyncio.create_task(pipeline.take(some_records(Random(1), 40), memory.write))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        pipeline.forget()
        return await taking

    assert asyncio.run(throwing_away()) is False


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 200)), max_size=30), st.integers(1, 4_000))
def test_rows_at_hand_are_the_last_ones_and_fit(kept: list[tuple[str, int]], budget: int) -> None:
    rows = RowsAtHand(budget)
    for order_id, length in kept:
        rows.keep({order_id: row_of(order_id, length)}, [length], set())
    held = rows.of("abcdef")
    newest = dict(kept)
    assert all(row.version == newest[order_id] for order_id, row in held.items())
    assert sum(1_000 + 8 * row.version for row in held.values()) <= budget


def test_a_quarantined_order_is_not_at_hand() -> None:
    rows = RowsAtHand(9_000)
    rows.keep({"a": row_of("a", 1), "b": row_of("b", 1)}, [1, 1], {"a"})
    assert rows.of("ab").keys() == {"b"}
    rows.keep({}, [], {"b"})
    assert not rows.of("ab")


def row_of(order_id: str, version: int) -> OrderRow:
    return OrderRow(order_id, "bar", "org", version, "e", "placed", {}, None)  # type: ignore[arg-type]
