"""The table `positions`: where each partition's projection stands, and which life of the topic it belongs to."""

from collections.abc import Collection, Iterable, Mapping

import asyncpg
import structlog

from projector.holdings import Holding

log = structlog.get_logger(__name__)

# A projector that was stopped (SIGSTOP, a frozen host) in the middle of a statement, say of a COPY, keeps its locks:
# no deadline of Postgres ends a statement that waits for its own client, and TCP finds nothing wrong. Who waits longer
# than an idle transaction may is ended here, by who comes after it.
_END_THE_STOPPED = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND application_name = current_setting('application_name')
  AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
  AND state_change < clock_timestamp() - nullif(current_setting('idle_in_transaction_session_timeout'), '0')::interval
"""


class EpochMismatch(Exception):
    """The rows belong to another life of the topic."""


class Checkpoints:
    """Reads positions of one epoch. They are written by ReadModels alone, together with the rows."""

    def __init__(self, pool: asyncpg.Pool, *, epoch: str, partitions: int) -> None:
        self._pool = pool
        self._epoch = epoch
        self._partitions = partitions

    async def create(self) -> None:
        """Insert the positions of all partitions at the very first start. Raises EpochMismatch."""
        await self._end_the_stopped()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO positions (partition, epoch, next) SELECT p, $1, 0 FROM generate_series(0, $2 - 1) AS p "
                "ON CONFLICT DO NOTHING",
                self._epoch,
                self._partitions,
            )
            rows = await connection.fetch("SELECT DISTINCT epoch FROM positions")
        self._check(row["epoch"] for row in rows)

    async def read(self, partitions: Collection[int]) -> Mapping[int, Holding]:
        """Read where to go on. Raises EpochMismatch when the rows are of another life of the topic by now."""
        await self._end_the_stopped()
        rows = await self._pool.fetch(
            "SELECT partition, epoch, next, lineage FROM positions WHERE partition = ANY($1::int[])", list(partitions)
        )
        self._check(row["epoch"] for row in rows)
        return {row["partition"]: Holding(row["next"], row["lineage"]) for row in rows}

    async def renew_connections(self) -> None:
        """Use none of the present connections again: after a failure nobody knows what they are in the middle of."""
        await self._pool.expire_connections()

    async def _end_the_stopped(self) -> None:
        for row in await self._pool.fetch(_END_THE_STOPPED):
            log.warning("ended the session of a projector that had stopped in a transaction", session=row["pid"])

    def _check(self, epochs: Iterable[str]) -> None:
        others = set(epochs) - {self._epoch}
        if others:
            raise EpochMismatch(
                f"the rows belong to epoch {', '.join(sorted(others))}, the topic is epoch {self._epoch}: it was "
                "recreated, or cluster, ORDERS_TOPIC, ORDERS_PARTITIONS or LOG_EPOCH changed. Set them back, or "
                "project into a new DATABASE_SCHEMA"
            )
