"""Connections to ask with: one at a time, or one that sees a single moment. Every wait for one is bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


class Rows:
    """A pool to read from. Documents stay the text that Postgres gives."""

    def __init__(self, pool: asyncpg.Pool, *, acquire_seconds: float) -> None:
        self._pool = pool
        self._acquire_seconds = acquire_seconds

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Ask for rows."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            return list(await connection.fetch(sql, *values))

    async def first(self, sql: str, *values: object) -> asyncpg.Record | None:
        """Ask for one row."""
        async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
            return await connection.fetchrow(sql, *values)

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[Any]:
        """Give a connection whose questions are all answered as of one moment."""
        async with (
            self._pool.acquire(timeout=self._acquire_seconds) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection
