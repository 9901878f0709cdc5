"""What there is to send: read from the read models, which a projector keeps and a rebuild swaps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from order_contracts.channels import partition_of
from order_contracts.guest_texts import GUEST_ERASED
from projector.queries.rows import Rows
from projector.webhooks.lanes import Endpoint
from projector.webhooks.messages import Waiting

PAGE = 20
"""Events of a page: some MB at the most, and sent before what it says of erased guests is old."""

_POSITIONS = "SELECT partition, epoch, next FROM positions ORDER BY partition"
_VENUES = "SELECT DISTINCT organization_id, venue_id FROM venue_status_counts WHERE organization_id = ANY($1::text[])"
# Along idx_order_events_venue_offset, venue by venue: nobody else's events are touched, however far back it begins.
_PAGE = """
SELECT one.* FROM unnest($1::text[]) AS mine (venue) CROSS JOIN LATERAL (
    SELECT event_id, type, order_id, venue_id, log_offset, appended_at, began_at, event FROM order_events
    WHERE venue_id = mine.venue AND log_offset >= $2 AND log_offset < $3 AND organization_id = $4
      AND ($5::text[] IS NULL OR type = ANY($5))
    ORDER BY log_offset LIMIT $6
) AS one ORDER BY log_offset LIMIT $6
"""
_ERASED = """
SELECT DISTINCT order_id FROM order_events
WHERE order_id = ANY($1::text[]) AND began_at = ANY($2::timestamptz[]) AND type = $3
"""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far the rows are, and which venues have events before that: one moment of Postgres.

    `venues` are by organization and partition. `kept_from` says since when orders have their histories; None: all have.
    """

    epoch: str
    next: Mapping[int, int]
    venues: Mapping[str, Mapping[int, Sequence[str]]]
    kept_from: datetime | None
    read_at: datetime


class Trail:
    """Asks for events. It remembers the last horizon: while positions stand still, one small question is all."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._last: Horizon | None = None

    async def horizon(self, organizations: Collection[str]) -> Horizon | None:
        """Look how far the rows are; None where no projector has run yet."""
        read_at = datetime.now(UTC)
        async with self._rows.one_moment() as connection:
            rows = await connection.fetch(_POSITIONS)
            if not rows:
                return None
            epoch, positions = rows[0]["epoch"], {row["partition"]: row["next"] for row in rows}
            last = self._last
            if last and (last.epoch, last.next) == (epoch, positions) and last.venues.keys() == set(organizations):
                return replace(last, read_at=read_at)
            found: dict[str, dict[int, list[str]]] = {name: {} for name in organizations}
            for row in await connection.fetch(_VENUES, list(organizations)):
                partition = partition_of(row["venue_id"], len(positions))
                found[row["organization_id"]].setdefault(partition, []).append(row["venue_id"])
            kept_from = await connection.fetchval("SELECT kept_from FROM trail_retention")
        self._last = Horizon(epoch, positions, found, kept_from, read_at)
        return self._last

    async def page(self, endpoint: Endpoint, venues: Sequence[str], since: int, until: int) -> list[Waiting]:
        """Read the next events for an endpoint from `since` on, in the order of the log; fewer than PAGE: the last."""
        types = None if endpoint.types is None else list(endpoint.types)
        rows = await self._rows.fetch(_PAGE, list(venues), since, until, endpoint.organization_id, types, PAGE)
        if not rows:
            return []
        orders, began = {row["order_id"] for row in rows}, {row["began_at"] for row in rows}
        erased = {row["order_id"] for row in await self._rows.fetch(_ERASED, list(orders), list(began), GUEST_ERASED)}
        return [
            Waiting(
                event_id=row["event_id"],
                type=row["type"],
                order_id=row["order_id"],
                venue_id=row["venue_id"],
                offset=row["log_offset"],
                appended_at=row["appended_at"],
                value=row["event"].encode(),
                guest_erased=row["order_id"] in erased,
            )
            for row in rows
        ]
