"""Orders of a venue or an organization by status, newest first, in pages along the two composite indexes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from projector.queries.cursor import Cursor
from projector.queries.rows import Rows

# One run along the index for each status, cut at the page's length: with `status = ANY(…)` Postgres would read all of
# the orders in those statuses and sort them. The index does not hold the id, so a run ends WITH all TIES of its last
# moment and `page_of` puts them in order: Postgres sorts nothing. Ids are compared byte by byte, as Python does.
_RUNS = """
SELECT run.order_id, run.created_at, run.document
FROM unnest($2::text[]) AS wanted(status)
CROSS JOIN LATERAL (
    SELECT order_id, created_at, document FROM orders
    WHERE {owner} = $1 AND status = wanted.status AND created_at <= coalesce($3::timestamptz, 'infinity')
      AND ($3 IS NULL OR created_at < $3 OR order_id COLLATE "C" < $4)
    ORDER BY created_at DESC
    FETCH FIRST $5 ROWS WITH TIES
) AS run
"""
_STATUSES = "SELECT DISTINCT status FROM venue_status_counts WHERE {owner} = $1 AND orders > 0"


@dataclass(frozen=True, slots=True)
class Listed:
    """An order in a list: its place and its document."""

    created_at: datetime
    order_id: str
    document: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, and where the next ones begin; None at the end."""

    documents: Sequence[str]
    next: Cursor | None


class OrderList:
    """The orders of one kind of owner; `owner` is the column that leads the index."""

    def __init__(self, rows: Rows, owner: str) -> None:
        self._rows = rows
        self.statement = _RUNS.format(owner=owner)
        self._statuses = _STATUSES.format(owner=owner)

    async def page(self, owner_id: str, statuses: Iterable[str], after: Cursor | None, limit: int) -> Page:
        """Give the orders in these statuses, in all that there are where none is named."""
        wanted = list(dict.fromkeys(statuses))
        if not wanted:
            wanted = [row["status"] for row in await self._rows.fetch(self._statuses, owner_id)]
        moment, order_id = (after.created_at, after.order_id) if after else (None, None)
        rows = await self._rows.fetch(self.statement, owner_id, wanted, moment, order_id, limit + 1)
        return page_of((Listed(row["created_at"], row["order_id"], row["document"]) for row in rows), limit)


def list_of_venue(rows: Rows) -> OrderList:
    """Give the orders of venues, along idx_orders_venue_status_created."""
    return OrderList(rows, "venue_id")


def list_of_organization(rows: Rows) -> OrderList:
    """Give the orders of organizations, along idx_orders_organization_status_created."""
    return OrderList(rows, "organization_id")


def page_of(runs: Iterable[Listed], limit: int) -> Page:
    """Merge runs into a page. Each run has more than `limit` orders, all of its last moment's, or is at its end."""
    newest_first = sorted(runs, key=attrgetter("created_at", "order_id"), reverse=True)
    shown = newest_first[:limit]
    last = Cursor(shown[-1].created_at, shown[-1].order_id) if len(newest_first) > limit else None
    return Page([order.document for order in shown], last)
