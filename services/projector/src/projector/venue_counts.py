"""The rows of `venue_status_counts`, as changes: (row before, row after) → how many more or fewer orders. Pure."""

from collections.abc import Sequence

from projector.counting import Sums
from projector.order_row import OrderRow

Key = tuple[str, str, str]
"""Venue, status, organization."""


def count_changes(before: OrderRow | None, after: OrderRow) -> Sequence[tuple[Key, Sums]]:
    """Give what an event changes in its venue's counts; nothing where the status stays."""
    more = (after.venue_id, after.status, after.organization_id), (+1,)
    if before is None:
        return (more,)
    if before.status == after.status:
        return ()
    return ((before.venue_id, before.status, before.organization_id), (-1,)), more
