"""A venue's board: how many open orders wait in each status, and for how long. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import Any

from order_contracts.events import timestamp
from order_contracts.order import OPEN_STATUSES

OPEN = """
SELECT status, document::json->>'status_since' AS since, updated_at FROM orders
WHERE venue_id = $1 AND status = ANY($2::text[])
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open order: its status, and since when it has it."""

    status: str
    since: datetime


def waiting(row: Mapping[str, Any]) -> Waiting:
    """Read a row of OPEN. Where a document states no moment, the order's last event is taken: not before it."""
    try:
        since = datetime.fromisoformat(row["since"] or "")
    except ValueError:
        since = row["updated_at"]
    return Waiting(row["status"], since if since.tzinfo else row["updated_at"])


def board_of(orders: Iterable[Waiting], now: datetime) -> list[dict[str, Any]]:
    """Give one entry a status, all open ones, in the order of an order's life: count and ages in whole seconds."""
    by_status: dict[str, list[datetime]] = {status: [] for status in OPEN_STATUSES}
    for order in orders:
        by_status[order.status].append(order.since)
    return [_entry(status, sorted(since), now) for status, since in by_status.items()]


def _entry(status: str, since: list[datetime], now: datetime) -> dict[str, Any]:
    if not since:
        return {"status": status, "orders": 0}
    return {
        "status": status,
        "orders": len(since),
        "oldest_since": timestamp(since[0]),
        "oldest_age_seconds": _age(since[0], now),
        "median_age_seconds": _age(median_low(since), now),
    }


def _age(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds()))
