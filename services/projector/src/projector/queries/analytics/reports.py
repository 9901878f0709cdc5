"""The reports as SQL, put together from fixed parts: whose, which time, in which steps. Values are parameters only."""
# ruff: noqa: S608  # every part is a constant of this file; what a request says is a parameter

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from projector.queries.analytics.period import Bucket, Period

# $1 the owner, $2 and $3 the period; $4, the time zone, where the view knows no business day.
_OWNERS = {
    "venue": "venue_id = $1",
    # by way of its venues, since the tables are indexed by venue; and its own rows there only
    "organization": "organization_id = $1"
    " AND venue_id IN (SELECT venue_id FROM analytics_venues WHERE organization_id = $1)",
}
_SUMS = """
    sum(orders)::bigint AS orders, sum(cancelled)::bigint AS cancelled, sum(gross) AS gross, sum(discount) AS discount,
    sum(tax) AS tax, sum(service) AS service, sum(tip) AS tip, sum(refunded) AS refunded
"""


class Owner(StrEnum):
    """Whose a report is."""

    VENUE = "venue"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Question:
    """What decides a report's SQL. `by_venue` has a row for each venue of an organization."""

    owner: Owner
    period: Period
    bucket: Bucket
    by_venue: bool = False

    @property
    def _steps(self) -> list[str]:
        return ["venue_id"] if self.by_venue else []

    def placed_steps(self) -> list[str]:
        """Give the columns that rows are told apart by where orders count at their placing."""
        step = {Bucket.HOUR: ['"time" AS hour'], Bucket.DAY: ["business_date AS day"], Bucket.NONE: []}
        return step[self.bucket] + self._steps

    def clock_steps(self) -> list[str]:
        """Give them where things have a moment and no business day."""
        step = {
            Bucket.HOUR: ["date_trunc('hour', \"time\", 'UTC') AS hour"],
            Bucket.DAY: ['("time" AT TIME ZONE $4)::date AS day'],
            Bucket.NONE: [],
        }
        return step[self.bucket] + self._steps

    def placed_in(self) -> str:
        """Give the condition on owner and period, by business day or by hour of placing."""
        column = "business_date" if self.period.days else '"time"'
        return f"{_OWNERS[self.owner]} AND {column} >= $2 AND {column} < $3"

    def clock_in(self) -> str:
        """Give it by the clock; days are those of the time zone."""
        ends = ["$2::date::timestamp AT TIME ZONE $4", "$3::date::timestamp AT TIME ZONE $4"]
        first, last = ends if self.period.days else ["$2::timestamptz", "$3::timestamptz"]
        return f'{_OWNERS[self.owner]} AND "time" >= {first} AND "time" < {last} AND $4::text IS NOT NULL'


@dataclass(frozen=True, slots=True)
class Report:
    """One report: its SQL, and whether that takes the time zone."""

    title: str
    sql: Callable[[Question], str]
    zoned: Callable[[Question], bool] = lambda _: False


def _grouped(columns: list[str], values: str, source: str, where: str) -> str:
    groups = ", ".join(str(number) for number in range(1, len(columns) + 1))
    tail = f" GROUP BY {groups} ORDER BY {groups}" if groups else ""
    return f"SELECT {', '.join([*columns, values])} FROM {source} WHERE {where}{tail}"


def _sales(of: Question) -> str:
    return _grouped([*of.placed_steps(), "currency"], _SUMS, "analytics_sales", of.placed_in())


def _items(of: Question) -> str:
    values = """sum(lines)::bigint AS lines, sum(quantity) AS quantity, sum(revenue) AS revenue,
        sum(refunded_quantity) AS refunded_quantity"""
    return _grouped([*of.placed_steps(), "sku", "name", "currency"], values, "analytics_items", of.placed_in())


def _times(of: Question) -> str:
    columns = [*of.placed_steps(), "stage", "station"]
    names = ", ".join(column.split()[-1] for column in columns)
    lengths = _grouped(
        [*columns, "below_seconds"], "sum(stays) AS stays, sum(milliseconds) AS ms", "analytics_times", of.placed_in()
    )
    groups = ", ".join(str(number) for number in range(1, len(columns) + 1))
    return f"""
    WITH lengths AS ({lengths}),
    running AS (
        SELECT *, sum(stays) OVER (one ORDER BY below_seconds) AS so_far, sum(stays) OVER one AS total
        FROM lengths WINDOW one AS (PARTITION BY {names})
    )
    SELECT {names}, max(total)::bigint AS stays, round(sum(ms) / max(total) / 1000, 1) AS mean_seconds,
           min(below_seconds) FILTER (WHERE so_far >= 0.5 * total) AS p50_seconds,
           min(below_seconds) FILTER (WHERE so_far >= 0.9 * total) AS p90_seconds,
           min(below_seconds) FILTER (WHERE so_far >= 0.99 * total) AS p99_seconds
    FROM running WHERE total > 0 GROUP BY {groups} ORDER BY {groups}"""


def _late_orders(of: Question) -> str:
    if of.bucket is Bucket.NONE:
        columns = "order_id, venue_id, display_number, channel, status, placed_at, promised_at, ready_at, late_seconds"
        return f"SELECT {columns} FROM analytics_late_orders WHERE {of.clock_in()} ORDER BY ready_at, order_id"
    values = "sum(promised)::bigint AS promised, sum(late)::bigint AS late"
    return _grouped(of.placed_steps(), values, "analytics_sales", of.placed_in())


def _refunds(of: Question) -> str:
    if of.bucket is Bucket.NONE:
        columns = '"time" AS refunded_at, order_id, venue_id, currency, amount, reason'
        return f"SELECT {columns} FROM analytics_refunds WHERE {of.clock_in()} ORDER BY 1, 2"
    values = "count(*) AS refunds, sum(amount) AS amount"
    return _grouped([*of.clock_steps(), "currency"], values, "analytics_refunds", of.clock_in())


REPORTS: Mapping[str, Report] = {
    "sales": Report("What was sold, by the hour or business day of placing", _sales),
    "items": Report("Which items were sold", _items),
    "times": Report("How long orders stood in each status, and lines in the kitchen", _times),
    "late-orders": Report(
        "Orders made after the promised time", _late_orders, zoned=lambda of: of.bucket is Bucket.NONE
    ),
    "refunds": Report("Money that was given back", _refunds, zoned=lambda _: True),
}
