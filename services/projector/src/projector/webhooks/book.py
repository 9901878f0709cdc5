"""What a sender writes down: leases, places, failures, ends.

Invariant: a write names the term in which its sender took the endpoint. Once the endpoint was taken by another sender,
or changed by a command, the late write touches no row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from projector.webhooks.lanes import Endpoint, Lane

_TAKE = """
UPDATE endpoints SET term = term + 1, holder = $1, lease_until = now() + make_interval(secs => $2)
WHERE id IN (
    SELECT id FROM endpoints
    WHERE enabled AND (lease_until IS NULL OR lease_until < now() OR holder = $1) AND id <> ALL($4::text[])
    ORDER BY lease_until NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING *
"""
_LANES = """
UPDATE lanes SET term = endpoints.term FROM endpoints WHERE endpoint_id = id AND id = ANY($1::text[]) RETURNING lanes.*
"""
_RENEW = """
UPDATE endpoints SET lease_until = now() + make_interval(secs => $1)
FROM unnest($2::text[], $3::bigint[]) AS held (id, term)
WHERE endpoints.id = held.id AND endpoints.term = held.term AND enabled RETURNING endpoints.id
"""
_RELEASE = "UPDATE endpoints SET lease_until = NULL, holder = NULL WHERE id = $1 AND term = $2"
# greatest: a write that was thought to have failed may come after the next one.
_SAVE = """
UPDATE lanes SET next = greatest(next, $4), reached = $5, failures = $6, failing_since = $7, attempt_at = $8, error = $9
WHERE endpoint_id = $1 AND partition = $2 AND term = $3
"""
_DISABLE = """
UPDATE endpoints SET enabled = false, reason = $3, term = term + 1, lease_until = NULL, holder = NULL
WHERE id = $1 AND term = $2
"""


class LeaseLost(Exception):
    """Somebody else took the endpoint over, or a command changed it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An endpoint that is ours to send to, with its lanes by partition."""

    endpoint: Endpoint
    lanes: Mapping[int, Lane]


class Book:
    """The tables of the webhooks' schema, as a sender uses them."""

    def __init__(self, pool: asyncpg.Pool, *, holder: str, lease_seconds: float) -> None:
        self._pool, self._holder, self._lease_seconds = pool, holder, lease_seconds

    async def take(self, most: int, held: Collection[str]) -> list[Taken]:
        """Take endpoints that nobody sends to, and those of ours that a command changed; none that is held."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_TAKE, self._holder, self._lease_seconds, most, list(held))
            endpoints = [endpoint_of(row) for row in rows]
            lanes: dict[str, dict[int, Lane]] = {one.id: {} for one in endpoints}
            for row in await connection.fetch(_LANES, list(lanes)) if lanes else ():
                lanes[row["endpoint_id"]][row["partition"]] = lane_of(row)
        return [Taken(one, lanes[one.id]) for one in endpoints]

    async def renew(self, endpoints: Collection[Endpoint]) -> set[str]:
        """Keep those that are held; give the ids of those that still are ours."""
        ids, terms = [one.id for one in endpoints], [one.term for one in endpoints]
        return {row["id"] for row in await self._pool.fetch(_RENEW, self._lease_seconds, ids, terms)}

    async def release(self, endpoint: Endpoint) -> None:
        """Let others take it at once."""
        await self._pool.execute(_RELEASE, endpoint.id, endpoint.term)

    async def save(self, endpoint: Endpoint, lane: Lane) -> None:
        """Write down where a lane is. Raises LeaseLost."""
        written = await self._pool.execute(
            _SAVE,
            endpoint.id,
            lane.partition,
            endpoint.term,
            lane.next,
            lane.reached,
            lane.failures,
            lane.failing_since,
            lane.attempt_at,
            lane.error,
        )
        if written == "UPDATE 0":
            raise LeaseLost(endpoint.id)
        lane.saved = True
        lane.reached_saved = lane.reached

    async def disable(self, endpoint: Endpoint, reason: str) -> None:
        """Send nothing more to it until a person says so. Raises LeaseLost."""
        if await self._pool.execute(_DISABLE, endpoint.id, endpoint.term, reason) == "UPDATE 0":
            raise LeaseLost(endpoint.id)

    async def disabled(self) -> int:
        """Count those that are sent nothing."""
        return int(await self._pool.fetchval("SELECT count(*) FROM endpoints WHERE NOT enabled"))


def endpoint_of(row: asyncpg.Record) -> Endpoint:
    """Read a row of `endpoints`."""
    return Endpoint(
        id=row["id"],
        organization_id=row["organization_id"],
        venues=_set(row["venues"]),
        types=None if row["types"] is None else tuple(row["types"]),
        url=row["url"],
        secret=row["secret"],
        old_secret=row["old_secret"],
        old_secret_until=row["old_secret_until"],
        epoch=row["epoch"],
        term=row["term"],
    )


def lane_of(row: asyncpg.Record) -> Lane:
    """Read a row of `lanes`."""
    names = ("partition", "next", "reached", "failures", "failing_since", "attempt_at", "error")
    return Lane(**{name: row[name] for name in names}, reached_saved=row["reached"])


def _set(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
