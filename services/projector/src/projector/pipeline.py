"""Folds one batch while the one before it is being written, on rows that are still on their way to Postgres.

What makes that safe is the compare-and-set of the positions: a batch is written from the very position and revision
that it was folded on, or not at all. Whatever a batch meets, `forget` throws away what was folded behind it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Set

from projector.changes import Before, LogRecord
from projector.folding import Folded, gently, orders_of
from projector.read_models import ReadModels
from projector.rows_at_hand import RowsAtHand

Write = Callable[[Folded], Coroutine[None, None, None]]


class Pipeline:
    """One batch in the making and one being written. Used by one task."""

    def __init__(self, read_models: ReadModels, *, bytes_at_hand: int) -> None:
        self._read_models = read_models
        self._rows = RowsAtHand(bytes_at_hand)
        self._writing: asyncio.Task[None] | None = None
        self._touched: Set[str] = frozenset()
        self._forgotten = 0

    async def take(self, batch: Iterable[LogRecord], write: Write) -> bool:
        """Read and fold a batch, wait until none is being written, and let `write` go on with this one.

        Says whether it does: not, where what came before was thrown away meanwhile. Raises one of
        database.UNAVAILABLE, and what the writing before raised.
        """
        at = self._forgotten
        records = await gently(batch)
        orders = orders_of(records)
        before = await self._before(orders)
        folded = await self._read_models.fold(records, orders, before)
        if at == self._forgotten:
            self._keep(folded, before)
            await self.written()
        if at != self._forgotten:
            return False
        self._writing, self._touched = asyncio.create_task(write(folded)), folded.orders
        return True

    async def _before(self, orders: Set[str]) -> Before:
        rows = self._rows.of(orders)
        missing = orders - rows.keys()
        if not missing:
            return Before(rows, {})
        if not missing.isdisjoint(self._touched):  # not at hand but on its way: quarantined, or too large to keep
            await self.written()
        found = await self._read_models.before(sorted(missing))
        return Before({**rows, **found.rows}, found.quarantined, found.discarded)

    def _keep(self, folded: Folded, before: Before) -> None:
        if folded.writing is not None:
            letters = {order_id for _, order_id in before.quarantined}
            letters |= {order_id for _, order_id, _ in before.discarded}
            letters |= {letter.envelope.order_id for letter in folded.changes.dead_letters}
            self._rows.keep(folded.changes.rows, folded.writing.document_bytes, letters)

    async def written(self) -> None:
        """Wait until no batch is being written. Raises what its writing raised, once."""
        writing = self._writing
        if writing is None:
            return
        try:
            await asyncio.shield(writing)
        finally:
            if writing.done():
                self._writing, self._touched = None, frozenset()

    async def drain(self) -> None:
        """Let the batch that is being written end, however it does."""
        await asyncio.gather(self.written(), return_exceptions=True)

    def forget(self) -> None:
        """Throw away rows at hand, and what is being folded on them: a batch did not come to what was foreseen."""
        self._rows.clear()
        self._forgotten += 1
