"""From a request to an answer: decide, append, learn, and decide again when another writer was first.

Invariants: an event is built on an accepted head only. A refusal is given only on a state that is at least as new as
the request: what another replica has just answered is never denied here.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from order_api.booked import BookedEvent
from order_api.commands import ImportOrder, Place
from order_api.deadline import Deadline
from order_api.metrics import Metrics
from order_api.old_orders import OldOrders
from order_api.order_book import OrderBook, Standing
from order_api.order_log import OrderLog, OutcomeUnknown
from order_api.problems import Problem, try_again
from order_api.proposing import Request, propose
from order_api.rows import Rows
from order_api.waiters import Accepted, Lost, Outcome, Unknown
from order_api.written import Proposal
from order_contracts.guest_texts import GuestTexts, KeyGone
from order_contracts.positions import Position

_TRIES = 3


class Answer(Struct, frozen=True, gc=False):
    """An order as an event left it, in the JSON that callers read, and a position at which that is true."""

    order_id: str
    order: bytes
    version: int
    position: Position
    replayed: bool


class Receipt(Struct, frozen=True, gc=False):
    """An answer without the order: its version with the event, and the position that has seen it."""

    version: int
    position: Position
    replayed: bool


class OrderDesk:
    """Carries out requests on the book and the log. `deadline` is in seconds, for all of a request's tries."""

    def __init__(
        self,
        *,
        book: OrderBook,
        log: OrderLog,
        metrics: Metrics,
        lag: Callable[[], float],
        now: Callable[[], datetime],
        deadline: float,
        rows: Rows | None = None,
        guests: GuestTexts | None = None,
    ) -> None:
        self._book, self._log, self._metrics = book, log, metrics
        self._guests = guests or GuestTexts(lambda: None)
        self._old_orders = OldOrders(book=book, log=log, rows=rows)
        self._lag, self._now, self._deadline, self._in_all = lag, now, deadline, Deadline(deadline)

    async def carry_out(self, request: Request) -> Answer:
        """Do what a request asks, once however often it comes. Raises Problem."""
        answer = await self._in_time(self._carry_out(request))
        self._metrics.outcomes["replayed" if answer.replayed else "accepted"].inc()
        return answer

    async def carry_out_first_tries(self, requests: Sequence[Request]) -> list[Receipt | Problem | None]:
        """Try requests on different orders once, appended together. None: it takes more than that; `carry_out` it.

        A refusal is never given here: it needs a look at the log's end.
        """
        if self._lag() > self._deadline:
            return [self._lagging()] * len(requests)
        now = self._now()
        tried = [self._first_try(request, now) for request in requests]
        proposals = [one for one in tried if isinstance(one, Proposal)]
        appended = await self._log.append(proposals, now=_milliseconds(now), seconds=self._deadline)
        outcomes = iter(appended)
        told = [
            self._told(request, next(outcomes)) if isinstance(one, Proposal) else one
            for request, one in zip(requests, tried, strict=True)
        ]
        self._count(told)
        return told

    async def look_up(self, venue_id: str, order_id: str) -> Answer:
        """Give an order, at least as new as anything that any replica answered before. Raises Problem."""
        return await self._in_time(self._look_up(venue_id, order_id))

    async def _in_time(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            return await self._in_all.bound(work)
        except (TimeoutError, OutcomeUnknown) as error:
            raise self._unknown() from error

    async def _look_up(self, venue_id: str, order_id: str) -> Answer:
        await self._log.catch_up(venue_id)
        await self._old_orders.bring_back(venue_id, order_id)
        head = self._book.head(venue_id, order_id)
        if head is None:
            raise Problem(HTTPStatus.NOT_FOUND, "order_not_found", "there is no such order at this venue")
        # Where the tail stands, not where the order's last event does: from a position long ago nobody can follow.
        return self._answer(order_id, head, self._log.position_at(venue_id), replayed=False)

    async def _carry_out(self, request: Request) -> Answer:
        if self._lag() > self._deadline:
            raise self._lagging()
        newest, brought, tries = False, isinstance(request.command, Place), 0  # what is placed now is not that old
        if isinstance(request.command, ImportOrder):  # it may have been imported before the window: here nobody knows
            brought = await self._old_orders.bring_back(request.venue_id, request.order_id)
        while True:
            standing = self._book.event(request.order_id, request.event_id)
            if standing is not None:
                return self._repeated(request, standing, replayed=True)
            now, order = self._now(), self._book.standing(request.venue_id, request.order_id)
            proposal = self._propose(request, order, now)
            if isinstance(proposal, Proposal):
                answer = await self._append(request, proposal, order, now)
                if answer is not None:
                    return answer
                newest, tries = False, tries + 1
                if tries == _TRIES:
                    raise try_again("others keep changing this order. Nothing was done")
                continue
            if newest and not brought and await self._old_orders.bring_back(request.venue_id, request.order_id):
                brought = True
                continue
            if newest:
                self._metrics.outcomes["refused"].inc()
                raise proposal
            await self._log.catch_up(request.venue_id)
            newest = True

    async def _append(
        self, request: Request, proposal: Proposal, order: Standing | None, now: datetime
    ) -> Answer | None:
        """Append what is proposed of an order and give the answer; None where another writer was first."""
        (outcome,) = await self._log.append((proposal,), now=_milliseconds(now))
        match outcome:
            case Accepted(event, stood):
                return self._repeated(request, event, order, replayed=stood)
            case Lost():
                self._metrics.outcomes["lost"].inc()
                return None
            case Unknown():
                raise self._unknown()

    def _first_try(self, request: Request, now: datetime) -> Proposal | Receipt | Problem | None:
        standing = self._book.event(request.order_id, request.event_id)
        if standing is not None:
            return self._receipt(request, standing, replayed=True)
        if isinstance(request.command, ImportOrder) and self._old_orders.may_hold(request.venue_id, request.order_id):
            return None
        proposal = self._propose(request, self._book.standing(request.venue_id, request.order_id), now)
        return proposal if isinstance(proposal, Proposal) else None

    def _told(self, request: Request, outcome: Outcome) -> Receipt | Problem | None:
        if isinstance(outcome, Accepted):
            return self._receipt(request, outcome.event, replayed=outcome.stood)
        if isinstance(outcome, Unknown):
            return self._unknown()
        self._metrics.outcomes["lost"].inc()
        return None

    def _count(self, told: Sequence[Receipt | Problem | None]) -> None:
        receipts = [one for one in told if isinstance(one, Receipt)]
        replayed = sum(receipt.replayed for receipt in receipts)
        self._metrics.outcomes["replayed"].inc(replayed)
        self._metrics.outcomes["accepted"].inc(len(receipts) - replayed)

    def _lagging(self) -> Problem:
        return try_again("this replica is still reading the log. Nothing was done")

    def _unknown(self) -> Problem:
        self._metrics.outcomes["unknown"].inc()
        return try_again("the log did not answer in time. It may have been done or not")

    def _propose(self, request: Request, order: Standing | None, now: datetime) -> Proposal | Problem:
        head, document = (None, None) if order is None else (order.head, order.document)
        proposal = propose(request, head, document, now)
        return self._sealed(proposal) if isinstance(proposal, Proposal) else proposal

    def _sealed(self, proposal: Proposal) -> Proposal | Problem:
        event = proposal.event
        try:
            change = self._guests.sealed(event.order_id, event.change)
        except KeyGone:
            detail = "the key of this order's guest was taken out: say it without name, notes and allergens"
            return Problem(HTTPStatus.CONFLICT, "guest_erased", detail)
        if change is event.change:
            return proposal
        fingerprint = self._guests.masked(event.order_id, proposal.fingerprint)
        return Proposal(replace(event, change=change), proposal.stations, fingerprint)

    def _is_same(self, request: Request, standing: BookedEvent) -> bool:
        return self._guests.same_request(request.order_id, standing.fingerprint, request.fingerprint)

    def _repeated(
        self, request: Request, standing: BookedEvent, before: Standing | None = None, *, replayed: bool
    ) -> Answer:
        if not self._is_same(request, standing):
            raise _key_reused()
        return self._answer(request.order_id, standing, self._log.position_after(standing), before, replayed=replayed)

    def _receipt(self, request: Request, standing: BookedEvent, *, replayed: bool) -> Receipt | Problem:
        if not self._is_same(request, standing):
            return _key_reused()
        return Receipt(standing.version, self._log.position_after(standing), replayed)

    def _answer(
        self, order_id: str, event: BookedEvent, position: Position, before: Standing | None = None, *, replayed: bool
    ) -> Answer:
        text = self._guests.opened(self._book.text(order_id, event, before))
        return Answer(order_id, text, event.version, position, replayed)


def _key_reused() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "this Idempotency-Key came before with another body: send a new key with a new request",
        field="Idempotency-Key",
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
