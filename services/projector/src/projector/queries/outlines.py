"""An organization's snapshot: the open orders of all its venues in outline, and the position at which they are true.

Outlines, since thousands may be open: who an order is, how far it is and since when. One REPEATABLE READ transaction.
"""

from datetime import datetime
from typing import Any

import msgspec

from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries.conditional import tag_of
from projector.queries.rows import Rows
from projector.queries.snapshots import NotProjectedYet, Snapshot, json_list

_COLUMNS = ("order_id", "venue_id", "organization_id", "version", "status")
_OF_THE_DOCUMENT = ("status_since", "placed_at", "promised_at", "channel", "display_number", "priority")
_FIELDS = ", ".join(
    [*(f"'{name}', {name}" for name in _COLUMNS), *(f"'{name}', document->'{name}'" for name in _OF_THE_DOCUMENT)]
)
_OPEN = f"""
SELECT jsonb_strip_nulls(jsonb_build_object({_FIELDS})) FROM (
    SELECT {", ".join(_COLUMNS)}, created_at, document::json AS document FROM orders
    WHERE organization_id = $1 AND status = ANY($2::text[])
    OFFSET 0  -- read once, not once a field
) AS one
ORDER BY created_at, order_id
"""  # noqa: S608  # the fields are the constants above
_POSITIONS = "SELECT partition, epoch, next FROM positions"


class Outlines:
    """Loads snapshots of organizations."""

    def __init__(self, rows: Rows, partitions: int) -> None:
        self._rows = rows
        self._partitions = partitions

    async def load(self, organization_id: str) -> Snapshot:
        """Ask Postgres. Raises NotProjectedYet: an organization's next venue may be in any partition."""
        async with self._rows.one_moment() as connection:
            position = self._position(await connection.fetch(_POSITIONS))
            rows = await connection.fetch(_OPEN, organization_id, list(OPEN_STATUSES))
        orders, latest = json_list([row[0] for row in rows]), list[datetime]()
        return Snapshot(str(position), msgspec.Raw(orders), tag_of(position.epoch.encode(), orders), latest)

    def _position(self, rows: list[Any]) -> Position:
        epochs, offsets = {row["epoch"] for row in rows}, {row["partition"]: row["next"] for row in rows}
        if len(epochs) != 1 or offsets.keys() != set(range(self._partitions)):
            raise NotProjectedYet
        return Position(epochs.pop(), offsets)
