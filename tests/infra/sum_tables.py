"""The tables of sums as they stand in Postgres, in the form in which they are expected."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from infra.expected_sums import Rows, Sums

_WHERE = "venue_id, organization_id, hour, business_date"
_SALES = f"SELECT {_WHERE}, currency, orders, cancelled, gross, discount, tax, service, tip, refunded, promised, late FROM sales_by_hour"  # noqa: S608, E501  # our own names
_ITEMS = f"SELECT {_WHERE}, currency, sku, name, lines, quantity, revenue, refunded_quantity FROM item_sales_by_hour"  # noqa: S608
_STAGES = """
SELECT venue_id, organization_id, "time", business_date, stage, station, from_seconds, below_seconds,
       stays, milliseconds
FROM analytics_times
"""
_REFUNDS = "SELECT order_id, version, refunded_at, currency, amount FROM refunds"
Query = Callable[[str], Awaitable[Sequence[Any]]]


async def sum_tables(query: Query) -> Sums:
    """Read them."""
    return Sums(
        sales=_by_key(await query(_SALES), 5),
        items=_by_key(await query(_ITEMS), 7),
        stages=_by_key(await query(_STAGES), 8),
        refunds=_by_key(await query(_REFUNDS), 2),
        late={row["order_id"] for row in await query("SELECT order_id FROM late_orders")},
    )


def _by_key(rows: Sequence[Any], columns: int) -> Rows:
    return {tuple(row)[:columns]: tuple(row)[columns:] for row in rows}
