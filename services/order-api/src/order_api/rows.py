"""What order-api reads of the projector's tables, and all that it knows of them.

The contract with the projector, which owns the schema: `positions (partition, epoch, next, lineage)`, and of
`order_events`, `dead_letters`, `orders` and `venue_status_counts` the columns named below. Everything is read in one
snapshot, positions included, from the primary: a replica may show commits in another order. Only reading; and nothing
here is needed to take an order.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from order_api.order_book import StoredEvent
from order_api.schedule import Scheduled

_CHUNK = 2_000  # events: their bytes are still in the processor's cache when they are taken in
_UNAVAILABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# As booked.pack: packed by Postgres, an event costs this process three columns instead of nine; textsend gives a text
# as the bytes that go over the wire, without the copies of convert_to and ||. Whose an order is, its first event says.
_HEAD = r"E'\x1f', event_id, coalesce(fingerprint, ''), log_offset, (date_part('epoch', appended_at) * 1000)::bigint"
_EVENTS = f"SELECT order_id, version, textsend(concat_ws({_HEAD}, event))"
_LETTERS = f"SELECT order_id, version, textsend(concat_ws({_HEAD}, '')) || value"
_ONCE = "CASE version WHEN 1 THEN venue_id END, CASE version WHEN 1 THEN organization_id END"
_ALWAYS = "venue_id, organization_id"
_SINCE = "appended_at >= $1"
_OF_ORDERS = "order_id = ANY($1::text[])"
# By venue, so that idx_orders_venue_status_created is used: an index of all scheduled orders would cost every write.
SCHEDULED = (
    "SELECT waiting.* FROM venue_status_counts c CROSS JOIN LATERAL (SELECT order_id, venue_id, organization_id, "
    "document::json ->> 'scheduled_for' AS moment FROM orders o "
    "WHERE o.venue_id = c.venue_id AND o.status = 'scheduled' OFFSET 0) waiting "
    "WHERE c.status = 'scheduled' AND c.orders > 0 AND moment IS NOT NULL"
)
_POSITIONS = "SELECT partition, epoch, next, lineage FROM positions"


def _asked(owner: str, condition: str) -> str:
    return (
        f"{_EVENTS}, {owner} FROM order_events WHERE {condition} "
        f"UNION ALL {_LETTERS}, {owner} FROM dead_letters WHERE {condition}"
    )


class RowsUnusable(Exception):
    """The rows can't be had now, or are of another log; the text says why."""


@dataclass(frozen=True, slots=True)
class RowPosition:
    """Where the rows stand in a partition; `lineage` is of the record before `next`."""

    next: int
    lineage: str | None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """What the rows have of an order, by version, and where they stand in its partition."""

    events: Mapping[int, bytes]
    rows_at: int


class RowSnapshot:
    """The rows as of one moment."""

    def __init__(self, connection: asyncpg.Connection, positions: Mapping[int, RowPosition]) -> None:
        self._connection, self.positions = connection, positions

    async def since(self, moment: datetime) -> AsyncIterator[list[StoredEvent]]:
        """Give all accepted events that were appended at or after `moment`, in chunks.

        The next chunk is asked for before one is given: Postgres packs it while this process unpacks.
        """
        cursor = await self._connection.cursor(_asked(_ONCE, _SINCE), moment)
        asked = asyncio.create_task(cursor.fetch(_CHUNK))
        try:
            while chunk := await asked:
                asked = asyncio.create_task(cursor.fetch(_CHUNK))
                await asyncio.sleep(0)  # so that it is sent
                yield chunk
        finally:
            asked.cancel()

    async def of_orders(self, order_ids: list[str]) -> list[StoredEvent]:
        """Give all accepted events of some orders, the last ones first."""
        return list(await self._connection.fetch(f"{_asked(_ALWAYS, _OF_ORDERS)} ORDER BY version DESC", order_ids))

    async def scheduled(self) -> list[Scheduled]:
        """Give all scheduled orders, however old."""
        return [
            Scheduled(order_id, venue_id, organization_id, datetime.fromisoformat(moment))
            for order_id, venue_id, organization_id, moment in await self._connection.fetch(SCHEDULED)
        ]


class Rows:
    """The tables, of one epoch of the log."""

    def __init__(self, pool: asyncpg.Pool, epoch: str) -> None:
        self._pool, self._epoch = pool, epoch

    def close(self) -> None:
        """Hang up, at once: nothing was being written."""
        self._pool.terminate()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[RowSnapshot]:
        """Read within one snapshot. Raises RowsUnusable, from the block too when Postgres goes away in it."""
        try:
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                positions = await connection.fetch(_POSITIONS)
                epochs = {row["epoch"] for row in positions}
                if epochs != {self._epoch}:
                    raise RowsUnusable(f"the rows are of epoch {sorted(epochs) or 'none'}, the log is {self._epoch}")
                yield RowSnapshot(
                    connection, {row["partition"]: RowPosition(row["next"], row["lineage"]) for row in positions}
                )
        except _UNAVAILABLE as error:
            raise RowsUnusable(f"Postgres: {error!r}") from error

    async def scheduled(self) -> list[Scheduled]:
        """Read all orders that wait for their time. Raises RowsUnusable."""
        async with self.snapshot() as rows:
            return await rows.scheduled()

    async def order(self, partition: int, venue_id: str, order_id: str) -> StoredOrder:
        """Read one order of a venue. Raises RowsUnusable."""
        async with self.snapshot() as rows:
            stored = await rows.of_orders([order_id])
            if partition not in rows.positions:
                raise RowsUnusable(f"the rows have no partition {partition}")
            events = {version: packed for _, version, packed, venue, _ in stored if venue == venue_id}
            return StoredOrder(events, rows.positions[partition].next)


async def open_rows(address: str, schema: str, epoch: str, *, seconds: float, prepared: bool = True) -> Rows:
    """Make rows that connect when they are first asked, each question bounded by a deadline; close() ends them."""
    milliseconds = str(int(seconds * 1000))
    pool = await asyncpg.create_pool(
        address,
        min_size=0,
        max_size=4,
        timeout=2,
        command_timeout=seconds,
        max_inactive_connection_lifetime=60,
        statement_cache_size=100 if prepared else 0,
        target_session_attrs="primary",
        server_settings={
            "application_name": "order-api",
            "search_path": schema,
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "default_transaction_read_only": "on",
        },
    )
    return Rows(pool, epoch)
