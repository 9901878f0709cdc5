"""What a batch changes: the same rows however the log is cut, and exactly those of its accepted records."""

from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from infra.expected_sums import Sums
from infra.random_log import Entry, RandomLog, entry_of, oracle, order_event
from order_contracts.channels import partition_of
from order_contracts.wire import Envelope, read_record
from projector.changes import Before, Changes, Head, LogRecord
from projector.counting import Standing, standing_of
from projector.order_row import OrderRow, at_ms
from projector.pace import Pace
from projector.projection import project
from projector.sales import ItemKey, SalesKey
from projector.stage_times import StageKey, bucket_end

PARTITIONS = 3
FIRST_MS, PACE_MS = 1_795_199_100_000, 7_000
VENUES = ("osteria", "kiosk", "bar")


class Tables:
    """The read models in memory, fed batch by batch as Postgres would be."""

    def __init__(self) -> None:
        self.rows: dict[str, OrderRow] = {}
        self.total = Changes()

    def apply(self, records: list[LogRecord], poison: str | None = None) -> Changes:
        orders = {record.content.order_id for record in records if isinstance(record.content, Envelope)}
        heads: dict[tuple[int, str], Head] = {}
        for letter in self.total.dead_letters:
            heads[letter.record.partition, letter.envelope.order_id] = Head(letter.envelope.id, letter.envelope.version)
        before = Before(
            rows={name: row for name, row in self.rows.items() if name in orders},
            quarantined={key: head for key, head in heads.items() if key[1] in orders},
        )
        changes = project(records, before, partitions=PARTITIONS, poison=poison)
        self.rows.update(changes.rows)
        self.total.add(changes)
        return changes


def records_of(entries: list[Entry]) -> list[LogRecord]:
    return [
        LogRecord(
            e.partition, n, read_record(e.key, e.value, e.headers, FIRST_MS + PACE_MS * n, (e.partition, PARTITIONS))
        )
        for n, e in enumerate(entries)
    ]


def sums_of(tables: Tables) -> Sums:
    def where(key: SalesKey | ItemKey | StageKey) -> tuple[Any, ...]:
        venue, organization, hour, day = key.occasion
        return venue, organization, at_ms(hour * 3_600_000), day

    total = tables.total
    late = [row for row in tables.rows.values() if _late(row.pace)]
    return Sums(
        sales={(*where(key), key.currency): sums for key, sums in total.sales.items() if any(sums)},
        items={
            (*where(key), *key[1:]): (lines, Decimal(units).scaleb(-5), revenue, Decimal(refunded).scaleb(-5))
            for key, (lines, units, revenue, refunded) in total.items.items()
            if lines
        },
        stages={
            (*where(key), *key[1:], bucket_end(key.from_seconds)): sums
            for key, sums in total.stages.items()
            if any(sums)
        },
        refunds={(r.order_id, r.version): (at_ms(r.refunded_at), r.currency, r.amount) for r in total.refunds},
        late={row.order_id for row in late if standing_of(row) is Standing.COUNTED},
    )


def _late(pace: Pace) -> bool:
    return pace.ready is not None and pace.promised is not None and pace.ready > pace.promised


def cut(records: list[LogRecord], random: Random) -> list[list[LogRecord]]:
    batches, rest = [], records
    while rest:
        length = random.randint(1, len(rest))
        batches.append(rest[:length])
        rest = rest[length:]
    return batches


@given(st.randoms(use_true_random=False), st.integers(0, 60))
def test_any_log_in_any_batches_gives_the_rows_of_its_accepted_records(random: Random, length: int) -> None:
    records = records_of(RandomLog(random, VENUES, PARTITIONS).entries(length))
    tables = Tables()
    for batch in cut(records, random):
        tables.apply(batch)
    expected = oracle([(r.partition, r.content) for r in records])
    rows = {name: (row.version, row.head, row.status, row.document) for name, row in tables.rows.items()}
    assert rows == expected.orders
    assert {(e.order_id, e.version, e.id) for _, e, _ in tables.total.trail} == expected.trail
    assert len(tables.total.trail) == len(expected.trail)
    counts = {(venue, status): number for (venue, status, _), (number,) in tables.total.counts.items()}
    assert counts == expected.counts
    letters = [(one.envelope.order_id, one.envelope.version) for one in tables.total.dead_letters]
    assert letters == expected.dead_letters
    assert sums_of(tables) == expected.sums


@settings(deadline=None)  # a busy machine is no fault
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_one_batch_and_batches_of_one_give_equal_tables(random: Random, length: int) -> None:
    records = records_of(RandomLog(random, VENUES, PARTITIONS).entries(length))
    whole, single = Tables(), Tables()
    whole.apply(records)
    for record in records:
        single.apply([record])
    assert whole.rows == single.rows
    assert whole.total == single.total


def test_rejections_are_counted_by_reason() -> None:
    placed = order_event("o1", "bar", 1, None, "e1", {"status": "placed"})
    entries = [
        entry_of(placed, PARTITIONS),
        entry_of(placed, PARTITIONS),
        entry_of(order_event("o2", "bar", 1, None, "e2", {"status": "placed"}), PARTITIONS, not_after=5),
        Entry(0, b"\xff", None, (("ce_id", b"\xff"),)),
    ]
    changes = Tables().apply(records_of(entries))
    assert changes.rejected == {"superseded": 1, "late": 1, "malformed": 1}
    assert changes.accepted == {"order.placed.v1": 1}


def test_a_value_that_says_other_than_its_headers_is_quarantined() -> None:
    event = order_event("o1", "bar", 1, None, "e1", {"status": "placed"})
    forged = entry_of(structs.replace(event, order_id="o2"), PARTITIONS).value
    changes = Tables().apply(records_of([entry_of(event, PARTITIONS, value=forged)]))
    assert not changes.rows
    assert [letter.reason for letter in changes.dead_letters] == ["the value says other than the headers"]


def test_later_events_of_a_quarantined_order_wait_behind_it_in_order_and_others_go_on() -> None:
    tables = Tables()
    tables.apply(records_of([entry_of(order_event("o1", "bar", 1, None, "e1", {"status": "placed"}), PARTITIONS)]))
    tables.apply(
        records_of([entry_of(order_event("o1", "bar", 2, "e1", "e2", {}), PARTITIONS)]), poison="Postgres refused it"
    )
    later = [
        order_event("o1", "bar", 3, "e2", "e3", {"status": "ready"}),
        order_event("o9", "bar", 1, None, "x1", {"status": "placed"}),
    ]
    changes = tables.apply(records_of([entry_of(event, PARTITIONS) for event in later]))
    assert [letter.envelope.id for letter in tables.total.dead_letters] == ["e2", "e3"]
    assert tables.rows["o1"].version == 1
    assert set(changes.rows) == {"o9"}


def test_an_order_named_in_another_venues_partition_does_not_touch_the_order() -> None:
    home = partition_of("bar", PARTITIONS)
    stranger = next(f"venue-{n}" for n in range(99) if partition_of(f"venue-{n}", PARTITIONS) != home)
    tables = Tables()
    tables.apply(records_of([entry_of(order_event("o1", "bar", 1, None, "e1", {"status": "placed"}), PARTITIONS)]))
    tables.apply(records_of([entry_of(order_event("o1", stranger, 1, None, "x1", {"status": "ready"}), PARTITIONS)]))
    tables.apply(records_of([entry_of(order_event("o1", "bar", 2, "e1", "e2", {"status": "ready"}), PARTITIONS)]))
    assert (tables.rows["o1"].venue_id, tables.rows["o1"].version) == ("bar", 2)
    assert [letter.envelope.id for letter in tables.total.dead_letters] == ["x1"]
