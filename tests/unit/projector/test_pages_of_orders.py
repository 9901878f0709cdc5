"""Pages hold every order once, newest first, whatever shares a moment; the pure half, beside the one in Postgres."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from projector.queries.cursor import Cursor
from projector.queries.order_lists import Listed, page_of

START = datetime(2026, 11, 24, tzinfo=UTC)
shelves = st.lists(st.lists(st.integers(0, 6), max_size=12), min_size=1, max_size=4)


def orders_of(shelf: int, seconds: list[int]) -> list[Listed]:
    """Give a status's orders; few moments, so that many share one."""
    named = [(START + timedelta(seconds=second), f"{shelf}-{number:02}") for number, second in enumerate(seconds)]
    return [Listed(moment, name, name) for moment, name in named]


def run_of(orders: list[Listed], after: Cursor | None, length: int) -> list[Listed]:
    """Do as the statement does: so many after the cursor, with all ties of the last moment."""
    left = [
        one for one in orders if after is None or (one.created_at, one.order_id) < (after.created_at, after.order_id)
    ]
    left.sort(key=lambda one: one.created_at, reverse=True)
    return [one for one in left if len(left) <= length or one.created_at >= left[length - 1].created_at]


@given(shelves, st.integers(1, 9))
def test_pages_in_a_row_are_the_whole_list(seconds: list[list[int]], limit: int) -> None:
    statuses = [orders_of(shelf, moments) for shelf, moments in enumerate(seconds)]
    everything = sorted((one for orders in statuses for one in orders), key=lambda one: (one.created_at, one.order_id))
    seen: list[str] = []
    after: Cursor | None = None
    while True:
        page = page_of([one for orders in statuses for one in run_of(orders, after, limit + 1)], limit)
        seen += page.documents
        assert len(page.documents) == limit or page.next is None
        assert page.documents or not everything, "the last page said that another comes"
        if page.next is None:
            break
        after = Cursor.parse(str(page.next))
    assert seen == [one.document for one in reversed(everything)]
