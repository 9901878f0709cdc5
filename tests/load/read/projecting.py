"""How fast the read models are written, batch by batch, beside COPY of the same bytes in the same run."""

import gc
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import asyncpg
import uvloop

from infra.services import Backing
from load.bench import cpu_seconds, medians, percentile
from load.read.evening import Appended, evening
from order_contracts.channels import PARTITIONS
from order_contracts.wire import read_record
from projector.__main__ import COLLECT
from projector.changes import LogRecord
from projector.checkpoints import Checkpoints
from projector.database import open_pool
from projector.folding import Folded
from projector.holdings import digest
from projector.order_row import at_ms
from projector.pipeline import Pipeline
from projector.read_models import ReadModels, Step
from projector.schema import migrate
from projector.settings import RunSettings

Batch = Sequence[Appended]
Write = Callable[[Batch], Awaitable[None]]
_SMALL = 100
_RAMP = 10_000  # events until the evening is full: of the first thousands most place an order, which costs the most
_FLOOR = "CREATE TABLE floor_{0} (value {1} NOT NULL)"
_INDEXED = "CREATE TABLE floor_orders (LIKE read_models.orders INCLUDING ALL)"
_INDEXED_COLUMNS = (
    "order_id", "venue_id", "organization_id", "version", "head", "status", "created_at", "updated_at", "document",
    "pace",
)  # fmt: skip


def arguments(parser: ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--events", type=int, default=70_000, help="per round")
    parser.add_argument("--rounds", type=int, default=3)


def measure(backing: Backing, asked: Namespace) -> dict[str, Any]:
    """Write the same events as bare COPY and as read models, in turn."""
    records = list(evening(_RAMP + asked.events))
    gc.set_threshold(*COLLECT)
    gc.freeze()  # the log at hand is none of the projector's
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(asked.rounds):
        for name, figures in uvloop.run(_round(backing, records)).items():
            rounds.setdefault(name, []).append(figures)
    size = sum(len(record.value) for record in records) / len(records)
    return {"events": asked.events, "bytes_an_event": size, **{name: medians(found) for name, found in rounds.items()}}


def table(result: dict[str, Any]) -> Iterator[str]:
    """Put it in words."""
    yield f"{result['events']} events of {result['bytes_an_event']:.0f} bytes, all read models"
    floor = result["floor: COPY, indexed"]["events/s"]
    for name, figures in result.items():
        if isinstance(figures, dict):
            words = "  ".join(f"{what} {value:,.1f}" for what, value in figures.items())
            yield f"  {name:<24} {words}  {figures['events/s'] / floor:.2f} of the indexed floor"


async def _round(backing: Backing, log: Batch) -> dict[str, dict[str, float]]:
    ramp, records = log[:_RAMP], log[_RAMP:]
    address = backing.database()
    migrate(address, "read_models")
    connection = await asyncpg.connect(address)
    await connection.execute(_FLOOR.format("bare", "text"))
    await connection.execute(_INDEXED)
    pid = backing.run.programs["postgres"].pid
    found = {}
    try:
        found["floor: COPY, no index"] = await _timed(pid, records, 1000, lambda batch: _bare(connection, batch))
        found["floor: COPY, indexed"] = await _timed(pid, records, 1000, lambda batch: _indexed(connection, batch))
    finally:
        await connection.close()
    half = len(records) // 2
    _, found["live, batches of 1,000"], found["live, batches of 100"] = await _live(
        address, pid, (ramp, 1000), (records[:half], 1000), (records[half : half + half // 4], 100)
    )
    backing.drop_databases()
    return found


async def _live(address: str, pid: int, *parts: tuple[Batch, int]) -> list[dict[str, float]]:
    """Project parts of one log, one after the other, each in batches of a size: large ones as they come, small alone.

    While a large batch is being written, the next one is folded, as the feed does where polls follow one another. A
    small one is timed from its records to its COMMIT.
    """
    settings = RunSettings.model_validate({"database_url": address, "kafka_bootstrap_servers": "not asked"})
    pool = await open_pool(settings, connections=3, acquire_seconds=5, writes=True)
    try:
        await Checkpoints(pool, epoch="bench", partitions=PARTITIONS).create()
        projector = _Projector(ReadModels(pool, epoch="bench", partitions=PARTITIONS), settings)
        found = []
        for batch, size in parts:
            write = projector.take if size > _SMALL else projector.write
            found.append(await _timed(pid, batch, size, write))
            await projector.pipeline.written()
        return found
    finally:
        await pool.close()


class _Projector:
    """Does what the feed does with a poll: headers, heads, folds, rows and positions."""

    def __init__(self, models: ReadModels, settings: RunSettings) -> None:
        self._models = models
        self.pipeline = Pipeline(models, bytes_at_hand=settings.rows_at_hand_mb * 1_000_000)

    async def write(self, batch: Batch) -> None:
        """Have a batch written."""
        await self.take(batch)
        await self.pipeline.written()

    async def take(self, batch: Batch) -> None:
        """Fold a batch, and begin to write it once the one before it is written."""
        polled: dict[int, list[Appended]] = {}
        for record in batch:
            polled.setdefault(record.partition, []).append(record)
        steps = {number: Step(part[0].offset, part[-1].offset + 1, digest(part[-1])) for number, part in polled.items()}
        judged = (
            LogRecord(
                number, one.offset, read_record(one.key, one.value, one.headers, one.timestamp, (number, PARTITIONS))
            )
            for number, part in polled.items()
            for one in part
        )

        async def write(folded: Folded) -> None:
            await self._models.write(folded, steps)

        if not await self.pipeline.take(judged, write):
            raise SystemExit("a batch was thrown away")


async def _bare(connection: asyncpg.Connection, batch: Batch) -> None:
    rows = [(record.value.decode(),) for record in batch]
    await connection.copy_records_to_table("floor_bare", records=rows, columns=("value",))


async def _indexed(connection: asyncpg.Connection, batch: Batch) -> None:
    rows = []
    for record in batch:
        name, venue = f"{record.partition}-{record.offset}-of-a-usual-length-in-sum", record.key.decode()
        moment = at_ms(record.timestamp)
        rows.append((name, venue, venue, 1, name, "placed", moment, moment, record.value.decode(), "[0,{},{}]"))
    await connection.copy_records_to_table("floor_orders", records=rows, columns=_INDEXED_COLUMNS)


async def _timed(postgres: int, records: Batch, size: int, write: Write) -> dict[str, float]:
    ours, theirs = time.process_time(), _spent_by(postgres)
    began, spans = time.perf_counter(), []
    for start in range(0, len(records), size):
        at = time.perf_counter()
        await write(records[start : start + size])
        spans.append(time.perf_counter() - at)
    seconds = time.perf_counter() - began
    events = len(records)
    return {
        "events/s": events / seconds,
        "events/CPU-s": events / (time.process_time() - ours + _spent_by(postgres) - theirs),
        "python us": (time.process_time() - ours) / events * 1e6,
        "postgres us": (_spent_by(postgres) - theirs) / events * 1e6,
        "batch p50 ms": percentile(spans, 0.5) * 1e3,
        "batch p99 ms": percentile(spans, 0.99) * 1e3,
    }


def _spent_by(postgres: int) -> float:
    return cpu_seconds({"postgres": postgres})["postgres"]
