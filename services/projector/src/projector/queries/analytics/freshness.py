"""How recent reports are: a replica that is too far behind says so, and the primary is left to those who serve guests.

Postgres alone can't tell a replica that is behind from one whose primary is idle: the projector's positions can.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from projector.database import UNAVAILABLE
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight

_HERE = """
SELECT pg_is_in_recovery() AS replica, clock_timestamp() AS now, pg_last_xact_replay_timestamp() AS replayed,
       (SELECT coalesce(sum(next), 0) FROM analytics_positions) AS records
"""
_PRIMARY = "SELECT coalesce(sum(next), 0) AS records FROM positions"


class Behind(Exception):
    """The replica is too far behind; the text says how far."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found: how many records the rows hold, and how many the primary's do, where that was told."""

    replica: bool
    now: datetime
    replayed: datetime | None
    records: int
    primary_records: int | None


def as_of(seen: Seen, most: timedelta) -> datetime:
    """Say until when all is in the rows. Raises Behind. Pure."""
    if not seen.replica or (seen.primary_records is not None and seen.records >= seen.primary_records):
        return seen.now
    if seen.replayed is None:
        raise Behind("the replica has replayed nothing yet")
    behind = seen.now - seen.replayed
    if behind > most:
        raise Behind(f"the replica is {int(behind.total_seconds())} seconds behind, over {int(most.total_seconds())}")
    return seen.replayed


class Freshness:
    """Looks at most once a second."""

    def __init__(self, reports: Rows, primary: Rows, *, most_seconds: float) -> None:
        self._reports = reports
        self._primary = primary
        self._most = timedelta(seconds=most_seconds)
        self._seen = SingleFlight(self._look, seconds=1.0)

    async def as_of(self) -> datetime:
        """Say until when all is in the rows. Raises Behind."""
        return as_of(await self._seen.get(""), self._most).astimezone(UTC)

    async def _look(self, _: str) -> Seen:
        # The primary first: what it had then, a replica that is asked afterwards can have.
        try:
            primary = await self._primary.first(_PRIMARY)
        except UNAVAILABLE:  # that the primary is down is no reason to keep reports back
            primary = None
        here = await self._reports.first(_HERE)
        assert here is not None  # noqa: S101  # it has no FROM
        return Seen(
            here["replica"], here["now"], here["replayed"], here["records"], primary["records"] if primary else None
        )
