"""Rows are the fold of the log's accepted records, whatever else stands in the log."""

import asyncio
from random import Random

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from infra.eventually import eventually
from infra.order_writer import OrderWriter
from infra.random_log import Entry, RandomLog, entry_of, order_event
from infra.running_projector import PARTITIONS, World

VENUES = ("osteria", "kiosk", "bar", "cantina", "bistro", "grill")


@pytest.mark.parametrize("batch", ["1", "7", "1000"])
async def test_rows_equal_the_oracle_after_a_hostile_log(world: World, batch: str) -> None:
    entries = RandomLog(Random(f"hostile {batch}"), VENUES, PARTITIONS).entries(600)
    async with world.running(batch_records=batch):
        await world.append(entries[:300])
        await world.append(entries[300:])
        await world.caught_up(600)
        await eventually(lambda: all_counted(world, 600), what="counting what was committed")
        assert await world.metric("projector_rejected_total") > 50
    await world.agrees()


async def all_counted(world: World, records: int) -> bool:
    rejected = await world.metric("projector_rejected_total")
    return await world.metric("projector_events_total") + rejected == records


async def test_headers_that_are_no_utf8_are_a_counted_rejection_and_nothing_waits(world: World) -> None:
    bad = Entry(0, b"\xff", b"\x00", (("ce_id", b"\xff\xfe\xfd"), ("content-type", b"\x80")))
    good = entry_of(order_event("o1", "bar", 1, None, "e1", {"status": "placed"}), PARTITIONS)
    async with world.running():
        await world.append([bad, bad, good])
        await world.caught_up(3)
        await eventually(lambda: all_counted(world, 3), what="counting what was committed")
        assert await world.metric("projector_rejected_total") == 2
    assert set((await world.tables()).orders) == {"o1"}


async def test_a_header_name_that_is_no_utf8_is_a_counted_rejection_even_after_a_restart(world: World) -> None:
    async with AIOKafkaProducer(bootstrap_servers=world.kafka, acks="all") as producer:
        writer = OrderWriter(producer, world.topic, PARTITIONS, "bar")
        others = OrderWriter(producer, world.topic, PARTITIONS, "osteria")
        async with world.running():
            for number in range(3):
                await writer.append(f"before-{number}")
                await others.append(f"before-{number}")
            await writer.with_broken_header_name()
            await world.caught_up(7)
        async with world.running():  # it stands behind the bad record, and reads it again
            await writer.append("after")
            await others.append("after")
            await world.caught_up(9)
    names = {f"{venue}-before-{number}" for venue in ("bar", "osteria") for number in range(3)}
    assert set((await world.tables()).orders) == names | {"bar-after", "osteria-after"}


async def test_what_only_postgres_refuses_quarantines_its_order_and_nothing_else(world: World) -> None:
    def event(order: str, version: int, **change: object) -> Entry:
        parent = f"{order}-{version - 1}" if version > 1 else None
        return entry_of(order_event(order, "bar", version, parent, f"{order}-{version}", change), PARTITIONS)

    batch = [event(f"o{n}", 1, status="placed") for n in range(40)]
    batch += [event("o7", 2, notes="a \x00 b"), event("o8", 2, status="accepted"), event("o7", 3, status="ready")]
    batch += [event("o9", 2, status=Random(9).randbytes(9000).hex())]  # longer than an index takes
    batch += [event(f"o{n}", 2, status="ready") for n in range(20, 40)]
    await world.append(batch)
    async with world.running():
        await world.caught_up(len(batch))
        await world.append([event("o7", 4, status="completed"), event("o8", 3, status="ready")])
        await world.caught_up(len(batch) + 2)
    tables = await world.tables()
    assert tables.dead_letters == [("o7", 2), ("o7", 3), ("o7", 4), ("o9", 2)]
    versions = {name: order[0] for name, order in tables.orders.items()}
    assert (versions["o7"], versions["o8"], versions["o9"]) == (1, 3, 1)
    assert all(versions[f"o{n}"] == 2 for n in range(20, 40))
    letters = await world.query("SELECT reason, value FROM dead_letters ORDER BY order_id, version")
    assert "U+0000" in letters[0]["reason"]
    assert "ProgramLimitExceeded" in letters[3]["reason"]
    assert letters[1]["reason"] == "waits behind a dead letter of its order"
    assert b"u0000" in letters[0]["value"]


async def test_probes_and_metrics_tell_what_was_done(world: World) -> None:
    await world.append([entry_of(order_event("o1", "bar", 1, None, "e1", {"status": "placed"}), PARTITIONS)])
    async with world.running():
        await world.caught_up(1)
        await eventually(lambda: all_counted(world, 1), what="counting what was committed")
        assert await world.probe("/livez") == (200, {"status": "ok"})
        assert await world.probe("/readyz") == (200, {"status": "ok"})
        assert await world.probe("/startupz") == (200, {"status": "ok"})
        assert await world.metric("projector_live_lag_seconds_count") == 1


async def test_what_nobody_has_foreseen_ends_the_process_though_no_poll_follows(world: World) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await running_without_a_table(world)


async def running_without_a_table(world: World) -> None:
    events = [
        order_event("o1", "bar", 1, None, "e1", {"status": "placed"}),
        order_event("o1", "bar", 2, "e1", "e2", {"status": "ready"}),
    ]
    first, second = (entry_of(event, PARTITIONS) for event in events)
    async with world.running() as projector:
        await world.append([first])
        await world.caught_up(1)
        await world.query("ALTER TABLE sales_by_hour RENAME TO mislaid")
        await world.append([second])
        await eventually(lambda: ended(projector), what="the end of the process")


async def ended(task: "asyncio.Task[None]") -> bool:
    return task.done()
