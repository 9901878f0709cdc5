"""One endpoint, while it is ours to send to: its lanes side by side, each lane one event after the other.

Invariant: an event is sent only once the one before it in its partition was answered with 2xx. Dying on any line leaves
the place before the event that was being sent: it is sent again, under the same id.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from random import random
from typing import Any, Protocol

import structlog

from order_contracts.guest_texts import GuestTexts
from projector.database import UNAVAILABLE
from projector.webhooks.answers import Answer, Outcome, unanswered
from projector.webhooks.book import LeaseLost, Taken
from projector.webhooks.lanes import Endpoint, Lane
from projector.webhooks.messages import CONTENT_TYPE, Waiting, event_body
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.schedule import GIVES_UP_AFTER
from projector.webhooks.signing import signed_headers
from projector.webhooks.trail import PAGE, Horizon

AT_ONCE = 8
"""Requests to one endpoint at a time, each of another partition."""
_FRESH_SECONDS = 5.0  # a page is read again after that: a guest may have been erased
USER_AGENT = "ScanServe-Webhooks/1"
log = structlog.get_logger(__name__)


class Pages(Protocol):
    """Where events come from."""

    async def page(self, endpoint: Endpoint, venues: Sequence[str], since: int, until: int) -> list[Waiting]:
        """Read the next events of a partition."""
        ...


class Saves(Protocol):
    """Where places are kept."""

    async def save(self, endpoint: Endpoint, lane: Lane) -> None:
        """Write down where a lane is. Raises LeaseLost."""
        ...

    async def disable(self, endpoint: Endpoint, reason: str) -> None:
        """Send nothing more to it. Raises LeaseLost."""
        ...


class Posts(Protocol):
    """What reaches the receiver."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make one attempt."""
        ...


class Session:
    """Sends to one endpoint. `over` says that it does no more: released, lost or disabled."""

    def __init__(
        self,
        taken: Taken,
        *,
        pages: Pages,
        saves: Saves,
        posts: Posts,
        guests: GuestTexts,
        metrics: WebhookMetrics,
        clock: Callable[[], datetime],
    ) -> None:
        self.endpoint, self.lanes = taken.endpoint, taken.lanes
        self._pages, self._saves, self._posts = pages, saves, posts
        self._guests, self._metrics, self._clock = guests, metrics, clock
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._busy: dict[int, asyncio.Task[None]] = {}
        self.over = False
        self.ours_until = 0.0  # by time.monotonic; a process that was stopped for a while finds it past

    def look(self, horizon: Horizon) -> None:
        """Begin with what there is to send."""
        if self.over:
            return
        if horizon.epoch != self.endpoint.epoch:
            reason = (
                f"the log is another one (epoch {horizon.epoch}, its places are of {self.endpoint.epoch}): "
                "`webhooks enable --skip` begins at its present end"
            )
            self._start(-1, self.disable(reason))
            return
        now, known = self._clock(), horizon.venues.get(self.endpoint.organization_id)
        if known is None:
            return  # it was read before the endpoint was taken
        for partition, lane in self.lanes.items():
            if partition in self._busy or not lane.due(now):
                continue
            until, chosen = horizon.next[partition], self.endpoint.venues
            venues = [venue for venue in known.get(partition, ()) if chosen is None or venue in chosen]
            if not venues or lane.next >= until:
                lane.passed(until, horizon.read_at)
            elif lane.gap(horizon.kept_from, now):
                self._start(partition, self.disable(_gap(horizon)))
                return
            else:
                self._start(partition, self._send(lane, venues, until, horizon.read_at))

    async def disable(self, reason: str) -> None:
        """End it until a person says otherwise; what waits, waits."""
        self.over = True
        log.error("endpoint disabled", endpoint=self.endpoint.id, reason=reason)
        await self._saves.disable(self.endpoint, reason)

    async def finish(self) -> None:
        """Let requests be answered and their places be written, and begin no other."""
        self.over = True
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def abandon(self) -> None:
        """Stop at once: it is another's."""
        self.over = True
        for task in self._busy.values():
            task.cancel()

    async def save_all(self) -> None:
        """Write down what is not written yet of lanes that rest. Raises LeaseLost."""
        for lane in self.lanes.values():
            if not lane.saved and lane.partition not in self._busy:
                await self._saves.save(self.endpoint, lane)

    def lag(self, now: datetime) -> float:
        """Say for how many seconds the oldest event that was not taken has waited."""
        waiting = [lane.waits_since for lane in self.lanes.values() if lane.waits_since is not None]
        return max(0.0, (now - min(waiting)).total_seconds()) if waiting else 0.0

    def failing(self) -> bool:
        """Say whether the last attempt of any lane failed."""
        return any(lane.failures for lane in self.lanes.values())

    def _start(self, partition: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy[partition] = task
        task.add_done_callback(lambda ended: self._ended(partition, ended))

    def _ended(self, partition: int, task: "asyncio.Task[None]") -> None:
        del self._busy[partition]
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, LeaseLost):
            self.over = True
        elif not isinstance(error, UNAVAILABLE):  # those are tried again at the next look
            log.error("a fault while sending", endpoint=self.endpoint.id, partition=partition, exc_info=error)
            if partition in self.lanes:  # it stays this lane's, waits as long as a receiver's would, and can be seen
                fault = unanswered(f"a fault on our side: {type(error).__name__}")
                self.lanes[partition].failed(fault, self._clock(), random())  # noqa: S311

    async def _send(self, lane: Lane, venues: Sequence[str], until: int, read_at: datetime) -> None:
        while lane.next < until:
            page = await self._pages.page(self.endpoint, venues, lane.next, until)
            fresh_until = time.monotonic() + _FRESH_SECONDS
            if page:
                lane.waits_since = page[0].appended_at
            for waiting in page:
                async with self._slots:
                    now = time.monotonic()
                    if self.over or now > min(fresh_until, self.ours_until):
                        return
                    if not await self._delivered(lane, waiting):
                        return
            if len(page) < PAGE:
                lane.passed(until, read_at)

    async def _delivered(self, lane: Lane, waiting: Waiting) -> bool:
        """Make one attempt and write down what came of it."""
        lane.waits_since = waiting.appended_at
        body = event_body(waiting, epoch=self.endpoint.epoch, partition=lane.partition, guests=self._guests)
        answer = await post_signed(self._posts, self.endpoint, waiting.event_id, self._clock(), body)
        now = self._clock()
        self._metrics.attempted(answer.outcome, (now - waiting.appended_at).total_seconds())
        if answer.outcome is Outcome.DELIVERED:
            lane.delivered(waiting.offset, waiting.appended_at)
            await self._saves.save(self.endpoint, lane)
            return True
        goes_on = lane.failed(answer, now, random())  # noqa: S311  # when to come back is no secret
        log.warning("not delivered", endpoint=self.endpoint.id, event_id=waiting.event_id, failures=lane.failures,
                    answer=answer.text)  # fmt: skip
        await self._saves.save(self.endpoint, lane)
        if answer.outcome is Outcome.GONE:
            await self.disable(f"the receiver says that it is gone for good ({answer.text})")
        elif not goes_on:
            await self.disable(f"nothing was taken for {GIVES_UP_AFTER}: {answer.text}")
        return False


def _gap(horizon: Horizon) -> str:
    return (
        f"events that were not sent may have been dropped by age: histories are kept from {horizon.kept_from} on. "
        "`webhooks enable --skip` goes on with what comes from now on, and `replay --since` sends what is left"
    )


async def post_signed(posts: Posts, endpoint: Endpoint, message_id: str, now: datetime, body: bytes) -> Answer:
    """Make one attempt, signed as of now."""
    headers = {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": USER_AGENT,
        **signed_headers(message_id, now, body, endpoint.secrets(now)),
    }
    return await posts.post(endpoint.url, headers, body)
