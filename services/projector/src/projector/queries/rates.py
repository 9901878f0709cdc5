"""When a venue's latest events came, as far as a poll hint needs it: asked once a venue and five seconds."""

from collections.abc import Sequence
from datetime import datetime

from projector.queries.poll_hint import LOOKED_AT
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight

# Backwards along idx_order_events_venue_offset.
LATEST = "SELECT appended_at FROM order_events WHERE venue_id = $1 ORDER BY log_offset DESC LIMIT $2"


class Rates:
    """Remembers what it was told for a moment."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._latest = SingleFlight(self._load, seconds=5.0)

    async def latest(self, venue_id: str) -> Sequence[datetime]:
        """Give the append times of the latest events, newest first."""
        return await self._latest.get(venue_id)

    async def _load(self, venue_id: str) -> Sequence[datetime]:
        return [row["appended_at"] for row in await self._rows.fetch(LATEST, venue_id, LOOKED_AT)]
