"""One order: as it is, as it was, and all that happened to it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from order_contracts.events import timestamp
from order_contracts.guest_texts import ERASED, GuestTexts, erased_event, says_erased
from projector.queries import openapi
from projector.queries.asked import OfVenue, OrderId
from projector.queries.conditional import Held, answer, tag_of
from projector.queries.order_past import TRAIL, At, NoSuchPast, Step, order_at
from projector.queries.problems import Problem, invalid
from projector.queries.rows import Rows
from projector.queries.snapshots import json_list

_ORDER = "SELECT version, document FROM orders WHERE order_id = $1 AND venue_id = $2"
AtText = Annotated[
    str | None,
    Query(
        max_length=64,
        description="the order as it was: at a version, such as `3`, or at a moment of the log's clock with its time "
        "zone, such as `2026-11-24T19:05:00Z`",
        examples=["3"],
    ),
]


def order_routes(rows: Rows, asked_of_venue: Callable[..., Awaitable[OfVenue]], guests: GuestTexts) -> APIRouter:
    """Make the routes of one order."""
    router = APIRouter(prefix="/v1/venues/{venue_id}/orders/{order_id}", tags=["order"])
    asked = Annotated[OfVenue, Depends(asked_of_venue)]
    reads = _OrderReads(rows)

    @router.get("", summary="One order, as it is or as it was", responses=openapi.ORDER)
    async def order(held: Held, of: asked, order_id: OrderId, at: AtText = None) -> Response:
        if at is None:
            version, document = await reads.now(of.venue_id, order_id)
            return answer(held, guests.opened(document), f'"v{version}"')
        version, document = await reads.then(of.venue_id, order_id, at)
        past = guests.opened(document)
        erased = ERASED.encode() in past  # since that version was read: it must not pass for what was read then
        return answer(held, past, tag_of(past) if erased else f'"v{version}"')

    @router.get("/history", summary="All that happened to an order", responses=openapi.HISTORY)
    async def history(held: Held, of: asked, order_id: OrderId) -> Response:
        steps = await reads.trail(of.venue_id, order_id)
        body = guests.opened(b'{"events":%b}' % json_list([_entry(step) for step in steps]))
        return answer(held, body, tag_of(body))

    return router


class _OrderReads:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def now(self, venue_id: str, order_id: str) -> tuple[int, bytes]:
        row = await self._rows.first(_ORDER, order_id, venue_id)
        if row is None:
            raise _not_found("there is no such order at this venue")
        return row["version"], row["document"].encode()

    async def then(self, venue_id: str, order_id: str, text: str) -> tuple[int, bytes]:
        try:
            at = At.parse(text)
        except ValueError as error:
            raise invalid("at", str(error)) from error
        try:
            return order_at(await self.trail(venue_id, order_id), at)
        except NoSuchPast as error:
            raise _not_found(f"the order has no state at {text}: it was not there yet, or is not that far") from error

    async def trail(self, venue_id: str, order_id: str) -> list[Step]:
        found = await self._rows.fetch(TRAIL, order_id, venue_id)
        if not found:
            await self.now(venue_id, order_id)  # 404 where there is no such order
            detail = "the order's events were dropped by age: only its present state is known, ask without `at`"
            raise Problem(HTTPStatus.GONE, "history_dropped", detail)
        return _as_known_now([Step(row["version"], row["appended_at"], row["event"]) for row in found])


def _as_known_now(trail: list[Step]) -> list[Step]:
    """Give a trail without what the guest said, once the guest was erased: the past is not asked for it either."""
    if not any(says_erased(step.event.encode()) for step in trail):
        return trail
    return [replace(step, event=erased_event(step.event.encode()).decode()) for step in trail]


def _entry(step: Step) -> str:
    return f'{{"version":{step.version},"appended_at":"{timestamp(step.appended_at)}","event":{step.event}}}'


def _not_found(detail: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "order_not_found", detail)
