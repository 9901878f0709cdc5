"""An organization's questions: orders of all of its venues, one of them, its venues with their counts, its snapshot."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from order_contracts.events import timestamp
from order_contracts.guest_texts import GuestTexts
from projector.queries import openapi
from projector.queries.asked import CursorText, Limit, OrderId, Statuses, cursor_of
from projector.queries.conditional import Held, answer, tag_of
from projector.queries.order_lists import OrderList
from projector.queries.problems import Problem
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight
from projector.queries.snapshots import NotProjectedYet, Snapshot
from projector.queries.venue_routes import encoded, listed, no_projector

_VENUES = """
SELECT venue_id, status, orders FROM venue_status_counts WHERE organization_id = $1 AND orders <> 0
ORDER BY venue_id, status
"""
_ORDER = "SELECT version, document FROM orders WHERE order_id = $1 AND organization_id = $2"


def organization_routes(
    rows: Rows,
    orders: OrderList,
    snapshots: SingleFlight[Snapshot],
    guests: GuestTexts,
    asked_of_organization: Callable[..., Awaitable[str]],
) -> APIRouter:
    """Make the routes; a token must be for all venues of the organization."""
    router = APIRouter(prefix="/v1/organizations/{organization_id}", tags=["organization"])
    asked = Annotated[str, Depends(asked_of_organization)]

    @router.get("/orders", summary="An organization's orders, newest first", responses=openapi.ORDERS)
    async def its_orders(
        held: Held, organization_id: asked, status: Statuses = None, limit: Limit = 50, cursor: CursorText = None
    ) -> Response:
        page = await orders.page(organization_id, status or (), cursor_of(cursor), limit)
        body = guests.opened(listed(page))
        return answer(held, body, tag_of(body))

    @router.get("/orders/{order_id}", summary="One of its orders", responses=openapi.ORDER)
    async def order(held: Held, organization_id: asked, order_id: OrderId) -> Response:
        row = await rows.first(_ORDER, order_id, organization_id)
        if row is None:
            raise Problem(HTTPStatus.NOT_FOUND, "order_not_found", "the organization has no such order")
        return answer(held, guests.opened(row["document"].encode()), f'"v{row["version"]}"')

    @router.get("/snapshot", summary="Open orders in outline, and where they are true", responses=openapi.OUTLINES)
    async def snapshot(held: Held, organization_id: asked) -> Response:
        try:
            found = await snapshots.get(organization_id)
        except NotProjectedYet as error:
            raise no_projector() from error
        return answer(held, found.body(timestamp(datetime.now(UTC))), found.tag, {"Position": found.position})

    @router.get("/venues", summary="Its venues, and how many orders each has by status", responses=openapi.VENUES)
    async def venues(held: Held, organization_id: asked) -> Response:
        found: dict[str, dict[str, int]] = {}
        for row in await rows.fetch(_VENUES, organization_id):
            found.setdefault(row["venue_id"], {})[row["status"]] = row["orders"]
        body = encoded({"venues": [{"venue_id": name, "counts": counts} for name, counts in found.items()]})
        return answer(held, body, tag_of(body))

    return router
