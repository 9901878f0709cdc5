"""The address at which an order's guest is erased. Who may do it has a scope of its own: it can't be undone."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from order_api import openapi
from order_api.commands import EraseGuest
from order_api.identity import Identity
from order_api.naming import ask, headers_of
from order_api.order_desk import OrderDesk
from order_api.routes import Key, OrderId, Venue
from order_api.verb_bodies import NoteBody
from order_contracts.claims import ERASE_GUESTS


def router(desk: OrderDesk, identity: Identity) -> APIRouter:
    """Give the route over a desk."""
    routes = APIRouter(prefix="/v1/venues/{venue_id}/orders/{order_id}", tags=["guests"])

    @routes.post("/erase-guest", responses=openapi.CHANGED, operation_id="erase_guest")
    async def erase_guest(
        request: Request,
        venue_id: Venue,
        order_id: OrderId,
        key: Key,
        body: Annotated[NoteBody, Body()] = NoteBody(),  # noqa: B008  # frozen
    ) -> Response:
        """Forget an order's guest: name, notes and allergens go, for good; lines and money stay.

        Allowed at any status, with scope guests:erase. A reason that is given stays in the log: it must name no guest.
        """
        claims = identity.of(request, ERASE_GUESTS, venue_id)
        answer = await desk.carry_out(ask(claims, venue_id, order_id, key, EraseGuest(body.reason), body))
        return Response(answer.order, headers=headers_of(answer), media_type="application/json")

    return routes
