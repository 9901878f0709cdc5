"""Scheduled orders, by when they are to be released: so long before the time that they are for. Pure."""

from contextlib import suppress
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from order_contracts.wire import Envelope

_SCHEDULED = "order.scheduled.v1"


class Scheduled(Struct, frozen=True):
    """A scheduled order of a venue, and the moment that it is for."""

    order_id: str
    venue_id: str
    organization_id: str
    scheduled_for: datetime


class _Change(Struct):
    scheduled_for: Annotated[datetime, Meta(tz=True)]


class _Event(Struct):
    change: _Change


class Schedule:
    """Orders that wait for their time. What was released or cancelled meanwhile is still here: who releases is told."""

    def __init__(self, lead: timedelta) -> None:
        self._lead = lead
        self._waiting: dict[str, Scheduled] = {}
        self._by_time: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        """Give how many wait."""
        return len(self._waiting)

    def hear(self, accepted: Envelope) -> None:
        """Note a scheduled order that the log has accepted; others, and what can't be read, are not ours."""
        if accepted.type == _SCHEDULED:
            with suppress(msgspec.MsgspecError, ValueError, RecursionError):
                moment = msgspec.json.decode(accepted.value, type=_Event).change.scheduled_for
                self.note(Scheduled(accepted.order_id, accepted.venue_id, accepted.organization_id, moment))

    def note(self, order: Scheduled) -> None:
        """Let an order wait, once however often it is noted."""
        if order.order_id not in self._waiting:
            self._waiting[order.order_id] = order
            heappush(self._by_time, (order.scheduled_for, order.order_id))

    def take_due(self, now: datetime) -> list[Scheduled]:
        """Take out the orders whose time has come, in its order; `note` puts back what could not be released."""
        due = []
        while self._by_time and self._by_time[0][0] <= now + self._lead:
            due.append(self._waiting.pop(heappop(self._by_time)[1]))
        return due

    def overdue(self, now: datetime) -> timedelta:
        """Say for how long the first of them has been due."""
        return max(now + self._lead - self._by_time[0][0], timedelta()) if self._by_time else timedelta()
