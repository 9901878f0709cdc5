"""Releases scheduled orders by the clock, on each replica: the event has one name, so the log takes it once.

Orders of the book's window are known from the log, with or without Postgres. Those that were scheduled before it are in
the rows, which are asked at the start and once a minute.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog

from order_api.commands import Release
from order_api.order_desk import OrderDesk
from order_api.problems import Problem
from order_api.proposing import Request
from order_api.rows import Rows, RowsUnusable
from order_api.schedule import Schedule, Scheduled
from order_contracts.ids import event_id_for

_log = structlog.get_logger()
_KEY = "\nrelease by the clock"  # no caller's key can hold a line feed
_TICK_SECONDS = 1.0
_ASK_ROWS_EVERY = timedelta(minutes=1)
_AT_ONCE = 50


class ClockRelease:
    """Lets scheduled orders go to their venues when their time has come."""

    def __init__(self, schedule: Schedule, desk: OrderDesk, rows: Rows | None, now: Callable[[], datetime]) -> None:
        self._schedule, self._desk, self._rows, self._now = schedule, desk, rows, now
        self._ask_rows_at = now()

    async def run(self) -> None:
        """Release until cancelled; whatever goes wrong with one order is no other's matter."""
        while True:
            if self._rows is not None and self._now() >= self._ask_rows_at:
                await self._ask(self._rows)
                self._ask_rows_at = self._now() + _ASK_ROWS_EVERY
            due = self._schedule.take_due(self._now())
            for first in range(0, len(due), _AT_ONCE):
                await asyncio.gather(*map(self._release, due[first : first + _AT_ONCE]))
            await asyncio.sleep(_TICK_SECONDS)

    async def _ask(self, rows: Rows) -> None:
        try:
            for order in await rows.scheduled():
                self._schedule.note(order)
        except RowsUnusable as error:
            _log.warning("orders scheduled long ago are not known before Postgres answers", why=str(error))

    async def _release(self, order: Scheduled) -> None:
        try:
            await self._desk.carry_out(release_of(order))
        except Problem as problem:
            if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
                self._schedule.note(order)
            else:  # somebody was first: it was released, or called off
                _log.info("not released by the clock", order_id=order.order_id, why=problem.detail)
        except Exception:  # noqa: BLE001  # an order that can't be folded must not hold up the others
            _log.exception("a scheduled order can't be released: do it by hand", order_id=order.order_id)


def release_of(order: Scheduled) -> Request:
    """Give the request that releases an order, the same on every replica and however often it is made."""
    return Request(
        venue_id=order.venue_id,
        organization_id=order.organization_id,
        order_id=order.order_id,
        event_id=event_id_for(order.order_id, _KEY),
        fingerprint="release-by-clock",
        actor="clock",
        command=Release(),
    )
