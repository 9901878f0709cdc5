"""Orders that began before the book's window: borrowed from the rows when somebody asks for one."""

from order_api.order_book import OrderBook
from order_api.order_log import OrderLog
from order_api.problems import try_again
from order_api.rows import Rows, RowsUnusable


class OldOrders:
    """The way from the rows into the book; without `rows` nothing comes back."""

    def __init__(self, *, book: OrderBook, log: OrderLog, rows: Rows | None) -> None:
        self._book, self._log, self._rows = book, log, rows

    def may_hold(self, venue_id: str, order_id: str) -> bool:
        """Whether the rows may know an order that the book does not."""
        known = self._book.knows_all(self._log.partition_of(venue_id)) or self._book.head(venue_id, order_id)
        return self._rows is not None and not known

    async def bring_back(self, venue_id: str, order_id: str) -> bool:
        """Borrow an order, if it is not in the book and may have begun before the window. True: look again.

        Only on a book that has caught up: rows and book together then hold whatever was accepted. Raises Problem 503
        while Postgres is down or the rows are not as far as what the book has forgotten.
        """
        if self._rows is None or not self.may_hold(venue_id, order_id):
            return False
        number = self._log.partition_of(venue_id)
        try:
            stored = await self._rows.order(number, venue_id, order_id)
        except RowsUnusable as error:
            raise try_again("an order as old as this can't be read now. Nothing was done") from error
        if not self._log.restore(venue_id, order_id, stored):
            raise try_again("the rows of older orders are still behind. Nothing was done")
        return True
