"""A venue's questions: paths, parameters, bodies. Documents go out as Postgres gives them, not decoded on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response

from order_contracts.events import timestamp
from order_contracts.guest_texts import GuestTexts
from order_contracts.order import OPEN_STATUSES
from order_contracts.positions import Position
from projector.queries import board, openapi
from projector.queries.asked import CursorText, Limit, OfVenue, Since, Statuses, cursor_of
from projector.queries.changes import TooOld, VenueChanges
from projector.queries.conditional import Held, answer, tag_of
from projector.queries.order_lists import OrderList, Page
from projector.queries.poll_hint import PollBounds, poll_after_ms
from projector.queries.problems import Problem, invalid, unavailable
from projector.queries.rates import Rates
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight
from projector.queries.snapshots import NotProjectedYet, Snapshot, json_list

_SNAPSHOT_WITHIN_SECONDS = 5.0
_COUNTS = """
SELECT status, sum(orders)::bigint AS orders FROM venue_status_counts WHERE venue_id = $1 AND orders <> 0
GROUP BY status ORDER BY status
"""


@dataclass(frozen=True, slots=True)
class VenueReads:
    """What the routes ask."""

    rows: Rows
    orders: OrderList
    snapshots: SingleFlight[Snapshot]
    changes: VenueChanges
    rates: Rates
    bounds: PollBounds
    guests: GuestTexts

    def hint(self, now: datetime, latest: Sequence[datetime]) -> dict[str, str]:
        """Give the poll hint as a header."""
        return {"Poll-After-Ms": str(poll_after_ms(now, latest, self.bounds))}


def venue_routes(reads: VenueReads, asked_of_venue: Callable[..., Awaitable[OfVenue]]) -> APIRouter:
    """Make the routes that are polled."""
    router = APIRouter(prefix="/v1/venues/{venue_id}", tags=["venue"])
    asked = Annotated[OfVenue, Depends(asked_of_venue)]

    @router.get("/orders", summary="A venue's orders, newest first", responses=openapi.ORDERS)
    async def orders(
        held: Held, of: asked, status: Statuses = None, limit: Limit = 50, cursor: CursorText = None
    ) -> Response:
        page = await reads.orders.page(of.venue_id, status or (), cursor_of(cursor), limit)
        body = reads.guests.opened(listed(page))
        return answer(held, body, tag_of(body), reads.hint(datetime.now(UTC), await reads.rates.latest(of.venue_id)))

    @router.get("/snapshot", summary="Open orders and the position at which they are true", responses=openapi.SNAPSHOT)
    async def snapshot(held: Held, of: asked) -> Response:
        try:
            async with asyncio.timeout(_SNAPSHOT_WITHIN_SECONDS):  # a position of another epoch is never reached
                found = await reads.snapshots.get(of.venue_id, lambda one: one.reaches(of.no_earlier_than))
        except NotProjectedYet as error:
            raise no_projector() from error
        now = datetime.now(UTC)
        headers = {"Position": found.position, **reads.hint(now, found.latest)}
        return answer(held, found.body(timestamp(now)), found.tag, headers)

    @router.get("/changes", summary="Orders that changed since a position", responses=openapi.CHANGES)
    async def changes(held: Held, of: asked, since: Since) -> Response:
        try:
            found = await reads.changes.since(of.venue_id, Position.parse(since))
        except ValueError as error:
            raise invalid("since", str(error)) from error
        except TooOld as error:
            detail = f"{error}: fetch the snapshot, and go on from its position"
            raise Problem(HTTPStatus.GONE, "position_too_old", detail, field="since") from error
        except NotProjectedYet as error:
            raise no_projector() from error
        now, position = datetime.now(UTC), str(found.position)
        documents = reads.guests.opened(json_list(found.documents))
        headers = {"Position": position, **reads.hint(now, await reads.rates.latest(of.venue_id))}
        body = {"position": position, "server_time": timestamp(now), "orders": msgspec.Raw(documents)}
        return answer(held, encoded(body), tag_of(position.encode(), documents), headers)

    @router.get("/board", summary="How many open orders wait in each status, and how long", responses=openapi.BOARD)
    async def the_board(held: Held, of: asked) -> Response:
        rows = await reads.rows.fetch(board.OPEN, of.venue_id, list(OPEN_STATUSES))
        now = datetime.now(UTC)
        waiting = sorted(map(board.waiting, rows), key=lambda one: (one.status, one.since))
        body = {"server_time": timestamp(now), "statuses": board.board_of(waiting, now)}
        headers = reads.hint(now, await reads.rates.latest(of.venue_id))
        return answer(held, encoded(body), tag_of(repr(waiting).encode()), headers)

    @router.get("/counts", summary="How many orders a venue has in each status", responses=openapi.COUNTS)
    async def counts(held: Held, of: asked) -> Response:
        rows = await reads.rows.fetch(_COUNTS, of.venue_id)
        body = encoded({"counts": {row["status"]: row["orders"] for row in rows}})
        return answer(held, body, tag_of(body), reads.hint(datetime.now(UTC), await reads.rates.latest(of.venue_id)))

    return router


def listed(page: Page) -> bytes:
    """Give a page as its body."""
    orders = msgspec.Raw(json_list(page.documents))
    return encoded({"orders": orders, "next": str(page.next) if page.next else None})


def encoded(body: dict[str, Any]) -> bytes:
    """Encode a body."""
    return msgspec.json.encode(body)


def no_projector() -> Problem:
    """Say that there are no rows yet."""
    return unavailable("no projector has run yet: ask again")
