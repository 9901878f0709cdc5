"""What Postgres holds, read as any reporting tool would: the rows and the positions they stand for."""

import asyncio
import json
from typing import Any

import asyncpg

from order_contracts.guest_texts import GuestTexts

_POLL_SECONDS = 0.05


class Rows:
    """A connection of its own to the read models."""

    def __init__(self, database_url: str, schema: str, guests: GuestTexts) -> None:
        self._url, self._schema, self._guests = database_url, schema, guests
        self._connection: asyncpg.Connection | None = None

    async def start(self) -> None:
        """Connect."""
        self._connection = await asyncpg.connect(
            self._url, server_settings={"search_path": self._schema}, command_timeout=20
        )

    async def stop(self) -> None:
        """Leave."""
        if self._connection is not None:
            await self._connection.close()

    async def positions(self) -> dict[int, int]:
        """Give the next offset of each partition."""
        rows = await self._fetch("SELECT partition, next FROM positions")
        return {row["partition"]: row["next"] for row in rows}

    async def behind(self, ends: dict[int, int]) -> int:
        """Give how many records before `ends` the rows do not stand for yet."""
        held = await self.positions()
        return sum(max(0, end - held.get(partition, 0)) for partition, end in ends.items())

    async def reach(self, ends: dict[int, int], within: float) -> None:
        """Wait until the rows stand for all before `ends`. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while await self.behind(ends):
                await asyncio.sleep(_POLL_SECONDS)

    async def orders(self) -> dict[str, dict[str, Any]]:
        """Give every order's document."""
        rows = await self._fetch("SELECT order_id, document FROM orders")
        return {row["order_id"]: json.loads(self._guests.opened(row["document"].encode())) for row in rows}

    async def inconsistencies(self) -> list[str]:
        """List where the read models contradict each other."""
        faults = []
        events = {row[0]: row[1] for row in await self._fetch("SELECT order_id, count(*) FROM order_events GROUP BY 1")}
        orders = {row[0]: row[1] for row in await self._fetch("SELECT order_id, version FROM orders")}
        if events != orders:
            faults.append("order_events does not hold each version of each order once")
        counted = await self._fetch("SELECT venue_id, status, orders FROM venue_status_counts WHERE orders <> 0")
        real = await self._fetch("SELECT venue_id, status, count(*) FROM orders GROUP BY 1, 2")
        if {tuple(row) for row in counted} != {tuple(row) for row in real}:
            faults.append("venue_status_counts does not count the orders")
        return faults

    async def _fetch(self, query: str) -> list[Any]:
        if self._connection is None:
            raise LookupError("not connected")
        return list(await self._connection.fetch(query))
