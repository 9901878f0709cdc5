"""Who sends to which endpoint: leases taken and kept, sessions begun and ended, the rows watched for news."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from order_contracts.guest_texts import GuestTexts
from projector.database import UNAVAILABLE
from projector.progress import Progress
from projector.webhooks.book import Book, LeaseLost, Taken
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.poster import ATTEMPT_SECONDS
from projector.webhooks.session import Posts, Session
from projector.webhooks.trail import Trail

_KEEP_SECONDS = 1.0  # how long a command, such as `disable`, waits for its effect
_AT_A_TIME = 20  # taken at once: what one process leaves is shared out among several
_MOST_HELD = 500
_SLACK_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Dispatcher:
    """All endpoints of this process."""

    def __init__(
        self,
        *,
        trail: Trail,
        book: Book,
        posts: Posts,
        guests: GuestTexts,
        metrics: WebhookMetrics,
        progress: Progress,
        lease_seconds: float,
        poll_seconds: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trail, self._book, self._posts, self._guests = trail, book, posts, guests
        self._metrics, self._progress, self._clock = metrics, progress, clock
        self._lease_seconds, self._poll_seconds = lease_seconds, poll_seconds
        self._sessions: dict[str, Session] = {}
        self._keep_at = 0.0
        self.fault: str | None = "the rows have not been read yet"
        self.started = False

    async def run(self) -> None:
        """Send until cancelled; then nothing new is begun. Postgres that is away is waited for."""
        try:
            await self._forever()
        finally:
            for session in self._sessions.values():
                session.over = True

    async def _forever(self) -> None:
        while True:
            try:
                if time.monotonic() >= self._keep_at:
                    await self._keep()
                    self._keep_at = time.monotonic() + _KEEP_SECONDS
                await self._look()
            except (*UNAVAILABLE, asyncpg.UndefinedTableError) as error:
                if self.fault is None:
                    log.warning("waiting", what="Postgres", error=str(error) or repr(error))
                self.fault = f"Postgres can't be asked: {error!r}"
                self._progress.waiting()
            await asyncio.sleep(self._poll_seconds)

    async def drain(self) -> None:
        """Let what is on its way be answered, write it down, and let others take over at once."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS + _SLACK_SECONDS):
                await self._book.renew([session.endpoint for session in self._sessions.values()])
                await asyncio.gather(*(session.finish() for session in self._sessions.values()))
                for session in self._sessions.values():
                    await self._let_go(session)
        except (*UNAVAILABLE, asyncpg.UndefinedTableError) as error:
            log.warning("not all places could be written: those events are sent again", error=repr(error))
        for session in self._sessions.values():
            session.abandon()

    async def _look(self) -> None:
        horizon = await self._trail.horizon({session.endpoint.organization_id for session in self._sessions.values()})
        self.fault = None if horizon else "no projector has run yet"
        self.started = True
        self._progress.advanced()
        if horizon is not None:
            for session in self._sessions.values():
                session.look(horizon)

    async def _keep(self) -> None:
        """Renew what is held, let go what was lost, and take what nobody holds."""
        await self._renew()
        room = max(0, min(_AT_A_TIME, _MOST_HELD - len(self._sessions)))
        asked_at = time.monotonic()
        for taken in await self._book.take(room, self._sessions):
            self._begin(taken, asked_at)
        now = self._clock()
        self._metrics.stands(
            {name: session.lag(now) for name, session in self._sessions.items()},
            failing=sum(session.failing() for session in self._sessions.values()),
            disabled=await self._book.disabled(),
        )

    async def _renew(self) -> None:
        asked_at = time.monotonic()
        ours = await self._book.renew([session.endpoint for session in self._sessions.values()])
        for name, session in list(self._sessions.items()):
            if name in ours and not session.over:
                session.ours_until = asked_at + self._lease_seconds
                await self._saved(session)
            else:
                session.abandon()
                del self._sessions[name]
                log.info("endpoint let go", endpoint=name, lost=name not in ours)

    def _begin(self, taken: Taken, asked_at: float) -> None:
        session = Session(
            taken,
            pages=self._trail,
            saves=self._book,
            posts=self._posts,
            guests=self._guests,
            metrics=self._metrics,
            clock=self._clock,
        )
        session.ours_until = asked_at + self._lease_seconds
        self._sessions[taken.endpoint.id] = session
        log.info("endpoint taken", endpoint=taken.endpoint.id, term=taken.endpoint.term)

    async def _saved(self, session: Session) -> None:
        try:
            await session.save_all()
        except LeaseLost:
            session.over = True

    async def _let_go(self, session: Session) -> None:
        await self._saved(session)
        await self._book.release(session.endpoint)
