"""The rows of orders that were projected lately, so that the next batch need not ask Postgres for them.

Invariant: a row here is what the log gives up to where its partition was taken, and its order has no dead letters.
Whoever doubts either, and whoever may have been written past, clears it: what is not here is asked for.
"""

from collections.abc import Iterable, Mapping, Set

from projector.order_row import OrderRow

_EACH = 1_000  # bytes of a row without its document
_PARSED = 8  # bytes that a document's objects take for each byte of its text


class RowsAtHand:
    """The rows used last, as many as fit into `budget` bytes, estimated."""

    def __init__(self, budget: int) -> None:
        self._budget, self._spent = budget, 0
        self._rows: dict[str, tuple[OrderRow, int]] = {}  # the one used longest ago first

    def of(self, orders: Iterable[str]) -> dict[str, OrderRow]:
        """Give those that are here."""
        found = {}
        for order_id in orders:
            kept = self._rows.pop(order_id, None)
            if kept is not None:
                self._rows[order_id] = kept
                found[order_id] = kept[0]
        return found

    def keep(self, rows: Mapping[str, OrderRow], document_bytes: Iterable[int], quarantined: Set[str]) -> None:
        """Keep rows as they are now, with the lengths of their documents; of quarantined orders none."""
        for (order_id, row), length in zip(rows.items(), document_bytes, strict=True):
            self._drop(order_id)
            size = _EACH + _PARSED * length
            self._rows[order_id] = row, size
            self._spent += size
        for order_id in quarantined:
            self._drop(order_id)
        while self._spent > self._budget:
            self._drop(next(iter(self._rows)))

    def clear(self) -> None:
        """Keep nothing."""
        self._rows.clear()
        self._spent = 0

    def _drop(self, order_id: str) -> None:
        kept = self._rows.pop(order_id, None)
        if kept is not None:
            self._spent -= kept[1]
