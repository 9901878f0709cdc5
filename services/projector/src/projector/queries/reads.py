"""The SQL of the queries. Documents stay the text that Postgres gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries.cursor import Cursor

# One run along idx_orders_venue_status_created for each status, newest first, each cut at the page's length: with
# `status = ANY(…)` Postgres would read all of the venue's orders in those statuses and sort them.
VENUE_ORDERS = """
SELECT page.order_id, page.created_at, page.document
FROM unnest($2::text[]) AS wanted(status)
CROSS JOIN LATERAL (
    SELECT order_id, created_at, document FROM orders
    WHERE venue_id = $1 AND status = wanted.status
      AND ($3::timestamptz IS NULL OR (created_at, order_id) < ($3, $4))
    ORDER BY created_at DESC, order_id DESC
    LIMIT $5
) AS page
ORDER BY page.created_at DESC, page.order_id DESC
LIMIT $5
"""

_STATUSES = "SELECT status FROM venue_status_counts WHERE venue_id = $1 AND orders > 0"

_COUNTS = """
SELECT status, sum(orders)::bigint AS orders FROM venue_status_counts WHERE venue_id = $1 AND orders <> 0
GROUP BY status ORDER BY status
"""

_OPEN_ORDERS = """
SELECT document FROM orders WHERE venue_id = $1 AND status = ANY($2::text[])
ORDER BY created_at, order_id
"""

_ORDER = "SELECT version, document FROM orders WHERE order_id = $1 AND venue_id = $2"

_BELONGS = "SELECT EXISTS (SELECT FROM venue_status_counts WHERE venue_id = $1 AND organization_id = $2)"


class NotProjectedYet(Exception):
    """No projector has run here yet."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, and where the next ones begin; None at the end."""

    documents: Sequence[str]
    next: Cursor | None


class Reads:
    """The questions."""

    def __init__(self, pool: asyncpg.Pool, *, acquire_seconds: float) -> None:
        self._pool = pool
        self._acquire_seconds = acquire_seconds

    async def page(self, venue_id: str, statuses: Sequence[str], after: Cursor | None, limit: int) -> Page:
        """Give a venue's orders in these statuses, in all that it has where none is named; newest first."""
        moment, order_id = (after.created_at, after.order_id) if after else (None, None)
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            if not statuses:
                statuses = [row["status"] for row in await connection.fetch(_STATUSES, venue_id)]
            wanted = list(dict.fromkeys(statuses))
            rows = await connection.fetch(VENUE_ORDERS, venue_id, wanted, moment, order_id, limit + 1)
        shown = rows[:limit]
        last = Cursor(shown[-1]["created_at"], shown[-1]["order_id"]) if len(rows) > limit else None
        return Page([row["document"] for row in shown], last)

    async def snapshot(self, venue_id: str, partition: int) -> tuple[Position, Sequence[str]]:
        """Give the open orders of a venue and the position at which they are true, of one moment."""
        async with (
            self._pool.acquire(timeout=self._acquire_seconds) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            position = await connection.fetchrow("SELECT epoch, next FROM positions WHERE partition = $1", partition)
            rows = await connection.fetch(_OPEN_ORDERS, venue_id, list(OPEN_STATUSES))
        if position is None:
            raise NotProjectedYet
        return Position(position["epoch"], {partition: position["next"]}), [row["document"] for row in rows]

    async def order(self, order_id: str, venue_id: str) -> tuple[int, str] | None:
        """Give an order's version and document."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            row = await connection.fetchrow(_ORDER, order_id, venue_id)
        return None if row is None else (row["version"], row["document"])

    async def counts(self, venue_id: str) -> Mapping[str, int]:
        """Give how many orders a venue has in each status."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            rows = await connection.fetch(_COUNTS, venue_id)
        return {row["status"]: row["orders"] for row in rows}

    async def belongs(self, venue_id: str, organization_id: str) -> bool:
        """Say whether a venue is known to be of an organization: whether orders of it are."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            return bool(await connection.fetchval(_BELONGS, venue_id, organization_id))

    async def reachable(self) -> None:
        """Ask for nothing. Raises one of database.UNAVAILABLE."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            await connection.execute("SELECT 1 FROM positions LIMIT 1")
