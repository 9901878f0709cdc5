"""What has to be looked at again and again: is the log heard, whose token is no longer good, which rooms are empty."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any

import structlog

from notifier.batch import KINDS, kind_of
from notifier.broadcast import Broadcast, event_text
from notifier.delivery import Delivery
from notifier.metrics import Metrics
from notifier.order_feed import OrderFeed
from notifier.pulse import FeedStatus, Pulse
from notifier.streams import Streams
from notifier.watchers import Watchers
from order_contracts.channels import FEED_STATUS
from order_contracts.claims import Claims
from order_contracts.events import timestamp

_log = structlog.get_logger()
_EVERY_SECONDS = 0.5
_LOOP_STALLED_SECONDS = 30.0
_STUCK_AFTER_SECONDS = 30.0
_ASK_EVERY_SECONDS = 5.0
_STUCK_ASKS = 3
_COUNT_EVERY_SECONDS = 5.0


class FeedStuck(Exception):
    """The log answers, yet the feed hears nothing: aiokafka has lost its way (issues 1154, 847). Start anew."""


class Rounds:
    """Walks its rounds twice a second. Ends by raising only, and the process with it."""

    def __init__(
        self,
        feed: OrderFeed,
        delivery: Delivery,
        broadcast: Broadcast,
        streams: Streams,
        metrics: Metrics,
        *,
        stale_after: float,
        now: Callable[[], float] = time,
    ) -> None:
        self._feed, self._delivery, self._broadcast, self._metrics = feed, delivery, broadcast, metrics
        self._streams, self._now = streams, now
        self._began = now()
        self._pulse = Pulse(stale_after=stale_after, now=self._began)
        self._walked_at = monotonic()
        self._asked_at = self._began
        self._answers = 0
        self._counted_at = 0.0

    def greeting(self) -> dict[str, Any] | None:
        """Give what a joining screen has to know of the feed, if anything."""
        status = self._pulse.status
        return _told(status) if status.stale else None

    def dead(self) -> str | None:
        """Say why this process should be started anew; a silent log is no reason."""
        stalled = monotonic() - self._walked_at
        return f"the rounds have stood still for {stalled:.0f} s" if stalled > _LOOP_STALLED_SECONDS else None

    async def run(self, watchers: Watchers, is_revoked: Callable[[Claims], bool]) -> None:
        """Walk until cancelled. Raises FeedStuck."""
        while True:
            self._walked_at = monotonic()
            heard_at = self._feed.heard_at() or self._began
            self._tell(heard_at)
            await self.ask(heard_at)
            self._delivery.leave_empty_rooms()
            self._metrics.behind.set(self._feed.behind())
            self._count(watchers)
            for watcher, reason in watchers.outstayed(self._now(), is_revoked):
                await watcher.send_away(reason)
            await asyncio.sleep(_EVERY_SECONDS)

    def _tell(self, heard_at: float) -> None:
        now = self._now()
        self._metrics.silence.set(now - heard_at)
        status = self._pulse.observe(heard_at=heard_at, now=now)
        if status is not None:
            _log.warning("the feed is stale" if status.stale else "the feed is back", since=_since(status))
            self._broadcast.to_room(None, event_text(FEED_STATUS, _told(status)))
            self._streams.tell_all(FEED_STATUS, _told(status))

    def _count(self, watchers: Watchers) -> None:
        if self._walked_at - self._counted_at < _COUNT_EVERY_SECONDS:
            return
        self._counted_at = self._walked_at
        found = Counter((kind_of(room), watcher.transport) for watcher in watchers for room in watcher.rooms())
        for kind in KINDS:
            for transport in ("socketio", "sse"):
                self._metrics.watching.labels(kind, transport).set(found[kind, transport])

    async def ask(self, heard_at: float) -> None:
        """Tell a log that is down, which passes, from a feed that is stuck, which does not."""
        now = self._now()
        if now - heard_at < _STUCK_AFTER_SECONDS:
            self._answers = 0
        elif now - self._asked_at >= _ASK_EVERY_SECONDS:
            self._asked_at = now
            answers = await self._feed.log_answers(_ASK_EVERY_SECONDS)
            self._answers = self._answers + 1 if answers else 0
            if self._answers >= _STUCK_ASKS:
                raise FeedStuck(f"nothing was read for {now - heard_at:.0f} s while the log answers")


def _since(status: FeedStatus) -> str:
    return timestamp(datetime.fromtimestamp(status.since, UTC))


def _told(status: FeedStatus) -> dict[str, Any]:
    return {"stale": status.stale, "since": _since(status)}
