"""Retention of the audit trail: whole months of orders go, their histories with them; the orders' rows stay.

`trail_retention.kept_from` says since when there are histories. A rebuild drops the months before it again, and
verify compares from there on: what was given up on purpose is no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from order_contracts.order import OPEN_STATUSES
from projector.operations.locking import with_short_locks
from projector.operations.refusal import Refusal
from projector.trail_months import month_of

_YOUNGEST = timedelta(hours=97)
"""How far back order-api's book reaches: what it boots from is never dropped."""

_MONTHS = """
SELECT child.relname::text AS name FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = to_regclass('order_events') ORDER BY child.relname
"""
_OPEN = "SELECT count(*) FROM orders WHERE created_at < $1 AND status = ANY($2::text[])"
_KEEP = "INSERT INTO trail_retention (kept_from) VALUES ($1) ON CONFLICT ((true)) DO UPDATE SET kept_from = $1"


@dataclass(frozen=True, slots=True)
class Retained:
    """What was dropped, or would be, and since when there are histories now."""

    dropped: Sequence[str]
    kept_from: datetime
    done: bool


def kept_from(now: datetime, months: int) -> datetime:
    """Give the first moment of the oldest month to keep: this one and `months` before it."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


async def retain(connection: asyncpg.Connection, *, months: int, now: datetime, dry: bool, open_too: bool) -> Retained:
    """Drop the histories of orders that began before the last `months` whole months. Raises Refusal."""
    since = kept_from(now, months)
    if months < 1:
        raise Refusal("keep at least 1 month beside the present one: order-api starts from the last days' events")
    going = await months_before(connection, since)
    if going and not open_too and (still := await connection.fetchval(_OPEN, since, list(OPEN_STATUSES))):
        raise Refusal(
            f"{still} orders from before {since:%Y-%m-%d} are still open: without their history nobody can change them "
            "any more. Complete or cancel them, or say --open-too"
        )
    for table in going:
        newest = await connection.fetchval(f"SELECT max(appended_at) FROM {table}")  # noqa: S608  # a partition's name
        if newest is not None and now - newest < _YOUNGEST:
            raise Refusal(f"{table} has events of the last 97 hours, which order-api starts from: try again later")
    if not dry:
        await _drop(connection, since, going)
    return Retained(going, since, not dry)


async def months_before(connection: asyncpg.Connection, since: datetime) -> list[str]:
    """Name the partitions whose orders all began before `since`."""
    first = month_of(
        round(since.timestamp() * 1000)
    ).table  # year and month have a fixed width: names sort as months do
    return [row["name"] for row in await connection.fetch(_MONTHS) if row["name"] < first]


async def drop_given_up(connection: asyncpg.Connection) -> None:
    """Drop what a rebuild has filled in again of histories that were given up."""
    since = await connection.fetchval("SELECT kept_from FROM trail_retention")
    if since is not None:
        for table in await months_before(connection, since.astimezone(UTC)):
            await connection.execute(f"DROP TABLE {table}")


async def _drop(connection: asyncpg.Connection, since: datetime, tables: Sequence[str]) -> None:
    async def drop() -> None:
        await connection.execute(_KEEP, since)
        for table in tables:
            await connection.execute(f"DROP TABLE IF EXISTS {table}")

    await with_short_locks(connection, drop)
