"""An organization's questions: orders of all of its venues, and its venues with their counts."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from order_contracts.guest_texts import GuestTexts
from projector.queries import openapi
from projector.queries.asked import CursorText, Limit, Statuses, cursor_of
from projector.queries.conditional import Held, answer, tag_of
from projector.queries.order_lists import OrderList
from projector.queries.rows import Rows
from projector.queries.venue_routes import encoded, listed

_VENUES = """
SELECT venue_id, status, orders FROM venue_status_counts WHERE organization_id = $1 AND orders <> 0
ORDER BY venue_id, status
"""


def organization_routes(
    rows: Rows, orders: OrderList, guests: GuestTexts, asked_of_organization: Callable[..., Awaitable[str]]
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

    @router.get("/venues", summary="Its venues, and how many orders each has by status", responses=openapi.VENUES)
    async def venues(held: Held, organization_id: asked) -> Response:
        found: dict[str, dict[str, int]] = {}
        for row in await rows.fetch(_VENUES, organization_id):
            found.setdefault(row["venue_id"], {})[row["status"]] = row["orders"]
        body = encoded({"venues": [{"venue_id": name, "counts": counts} for name, counts in found.items()]})
        return answer(held, body, tag_of(body))

    return router
