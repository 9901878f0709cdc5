"""From a request to an answer: decide, append, learn, and decide again when another writer was first.

Invariants: an event is built on an accepted head only. A refusal is given only on a state that is at least as new as
the request: what another replica has just answered is never denied here.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from order_api.booked import BookedEvent
from order_api.commands import Command, ImportOrder, Place
from order_api.decide import Code, Refusal, decide
from order_api.metrics import Metrics
from order_api.old_orders import OldOrders
from order_api.order_book import OrderBook
from order_api.order_log import Lost, OrderLog, OutcomeUnknown
from order_api.problems import Problem, try_again
from order_api.rows import Rows
from order_contracts.events import Event, timestamp
from order_contracts.positions import Position

_TRIES = 3
_STATUS_OF_REFUSAL: dict[Code, HTTPStatus] = {
    "order_not_found": HTTPStatus.NOT_FOUND,
    "item_not_found": HTTPStatus.NOT_FOUND,
    "station_not_found": HTTPStatus.NOT_FOUND,
    "transition_not_allowed": HTTPStatus.CONFLICT,
    "order_exists": HTTPStatus.CONFLICT,
    "line_exists": HTTPStatus.CONFLICT,
    "too_many_lines": HTTPStatus.CONFLICT,
    "totals_missing": HTTPStatus.CONFLICT,
    "overpaid": HTTPStatus.CONFLICT,
    "over_refunded": HTTPStatus.CONFLICT,
    "currency_mismatch": HTTPStatus.CONFLICT,
    "business_date_out_of_range": HTTPStatus.UNPROCESSABLE_ENTITY,
    "scheduled_for_out_of_range": HTTPStatus.UNPROCESSABLE_ENTITY,
}


class Request(Struct, frozen=True):
    """Who asks for what. `event_id` and `fingerprint` name the request; `if_match` pins a version of the order.

    `external_version` is the order's version in the POS that this follows: an older one than noted is refused.
    """

    venue_id: str
    organization_id: str
    order_id: str
    event_id: str
    fingerprint: str
    actor: str
    command: Command
    if_match: int | None = None
    external_version: int | None = None
    notes_external_version: bool = False


class Answer(Struct, frozen=True):
    """An order as an event left it, in the JSON that callers read, and a position at which that is true."""

    order_id: str
    order: bytes
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
    ) -> None:
        self._book, self._log, self._metrics = book, log, metrics
        self._old_orders = OldOrders(book=book, log=log, rows=rows)
        self._lag, self._now, self._deadline = lag, now, deadline

    async def carry_out(self, request: Request) -> Answer:
        """Do what a request asks, once however often it comes. Raises Problem."""
        answer = await self._in_time(self._carry_out(request))
        self._metrics.outcomes["replayed" if answer.replayed else "accepted"].inc()
        return answer

    async def look_up(self, venue_id: str, order_id: str) -> Answer:
        """Give an order, at least as new as anything that any replica answered before. Raises Problem."""
        return await self._in_time(self._look_up(venue_id, order_id))

    async def _in_time(self, work: Any) -> Answer:
        try:
            async with asyncio.timeout(self._deadline):
                return await work  # type: ignore[no-any-return]  # the two coroutines above
        except (TimeoutError, OutcomeUnknown) as error:
            self._metrics.outcomes["unknown"].inc()
            raise try_again("the log did not answer in time. It may have been done or not") from error

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
            raise try_again("this replica is still reading the log. Nothing was done")
        newest, brought, tries = False, isinstance(request.command, Place), 0  # what is placed now is not that old
        if isinstance(request.command, ImportOrder):  # it may have been imported before the window: here nobody knows
            brought = await self._old_orders.bring_back(request.venue_id, request.order_id)
        while True:
            standing = self._book.event(request.order_id, request.event_id)
            if standing is not None:
                return self._repeated(request, standing, replayed=True)
            proposal = self._propose(request)
            if not isinstance(proposal, Problem):
                event, stations = proposal
                try:
                    booked, stood = await self._log.append(
                        event, stations=stations, fingerprint=request.fingerprint, now=_milliseconds(self._now())
                    )
                except Lost:
                    self._metrics.outcomes["lost"].inc()
                    newest, tries = False, tries + 1
                    if tries == _TRIES:
                        raise try_again("others keep changing this order. Nothing was done") from None
                    continue
                return self._repeated(request, booked, replayed=stood)
            if newest and not brought and await self._old_orders.bring_back(request.venue_id, request.order_id):
                brought = True
                continue
            if newest:
                self._metrics.outcomes["refused"].inc()
                raise proposal
            await self._log.catch_up(request.venue_id)
            newest = True

    def _repeated(self, request: Request, standing: BookedEvent, *, replayed: bool) -> Answer:
        if standing.fingerprint != request.fingerprint:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key came before with another body: send a new key with a new request",
                field="Idempotency-Key",
            )
        return self._answer(request.order_id, standing, self._log.position_after(standing), replayed=replayed)

    def _propose(self, request: Request) -> tuple[Event, tuple[str, ...]] | Problem:
        head = self._book.head(request.venue_id, request.order_id)
        order = None if head is None else self._book.document(request.order_id, head.version)
        if head is not None and request.if_match not in {None, head.version}:
            detail = f"the order is at version {head.version}, not {request.if_match}: read it again and decide anew"
            return Problem(HTTPStatus.PRECONDITION_FAILED, "version_mismatch", detail, field="If-Match")
        if _superseded(order, request.external_version):
            detail = f"version {request.external_version} of this order is older than what was applied"
            return Problem(HTTPStatus.CONFLICT, "superseded", detail)
        now = self._now()
        time = timestamp(now)
        decision = decide(order, request.command, now)
        if isinstance(decision, Refusal):
            status = _STATUS_OF_REFUSAL[decision.code]
            return Problem(status, decision.code, decision.detail, field=decision.field)
        version = 1 if head is None else head.version + 1
        event = Event(
            id=request.event_id,
            type=f"order.{decision.name}.v1",
            order_id=request.order_id,
            venue_id=request.venue_id,
            organization_id=request.organization_id if order is None else order["organization_id"],
            version=version,
            parent=None if head is None else head.id,
            time=time,
            actor=request.actor,
            reason=decision.reason,
            change={
                **_with_external_version(decision.change, request),
                "version": version,
                "updated_at": time,
            },
        )
        return event, decision.stations

    def _answer(self, order_id: str, event: BookedEvent, position: Position, *, replayed: bool) -> Answer:
        text = self._book.text(order_id, event)
        return Answer(order_id, text, event.version, position, replayed)


def _superseded(order: Mapping[str, Any] | None, external_version: int | None) -> bool:
    """Whether the order has seen a later version of its POS than this one."""
    seen = ((order or {}).get("external_ref") or {}).get("version")
    return external_version is not None and seen is not None and bool(seen > external_version)


def _with_external_version(change: dict[str, Any], request: Request) -> dict[str, Any]:
    if not request.notes_external_version:
        return change
    return {**change, "external_ref": {**change.get("external_ref", {}), "version": request.external_version}}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
