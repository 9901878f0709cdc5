"""Read your own writes: waiting, for a bounded time, until the rows hold what a position stands for."""

import asyncio

from order_contracts.channels import partition_of
from order_contracts.positions import Position
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight

_POSITIONS = "SELECT partition, epoch, next FROM positions"
_BREATH_SECONDS = 0.02


class NotReached(Exception):
    """The rows are still behind after the wait."""


class OtherEpoch(Exception):
    """The position is of another life of the log: no wait leads to it."""


class Reached:
    """Asks for the positions at most 50 times a second, however many wait."""

    def __init__(self, rows: Rows, partitions: int, *, within_seconds: float) -> None:
        self._rows = rows
        self._partitions = partitions
        self._within = within_seconds
        self._positions = SingleFlight(self._load, seconds=_BREATH_SECONDS)

    async def wait(self, wanted: Position) -> None:
        """Return once all partitions of `wanted` are projected so far. Raises NotReached or OtherEpoch."""

        def far_enough(positions: dict[int, Position]) -> bool:
            return all(
                partition in positions and positions[partition].next[partition] >= offset
                for partition, offset in wanted.next.items()
            )

        def known(positions: dict[int, Position]) -> bool:
            if any(position.epoch != wanted.epoch for position in positions.values()):
                raise OtherEpoch
            return far_enough(positions)

        try:
            async with asyncio.timeout(self._within):
                await self._positions.get("", known)
        except TimeoutError as error:
            raise NotReached from error

    def position_at(self, venue_id: str, text: str) -> Position:
        """Read a position that a client sends for a venue. Raises ValueError with a remedy."""
        position = Position.parse(text)
        if set(position.next) != {partition_of(venue_id, self._partitions)}:
            raise ValueError("the position is not of this venue: send one that this venue's answers gave you")
        return position

    async def _load(self, _: str) -> dict[int, Position]:
        rows = await self._rows.fetch(_POSITIONS)
        return {row["partition"]: Position(row["epoch"], {row["partition"]: row["next"]}) for row in rows}
