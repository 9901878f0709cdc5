"""Links for diners: a signed token that opens one order's progress, and that progress itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from order_api import openapi
from order_api.identity import Identity
from order_api.naming import headers_of
from order_api.order_desk import OrderDesk
from order_api.problems import Problem
from order_api.routes import OrderId, Venue
from order_contracts.order_links import sign_order_link
from order_contracts.progress import OrderProgress, progress_of


class OrderLink(BaseModel):
    """A diner's link to one order."""

    token: str = Field(description="fits into an address; opens this order's progress and its events, nothing else")
    token_id: str = Field(description="its jti: a line in REVOKED_TOKENS_FILE revokes it")
    expires_at: AwareDatetime


def router(
    desk: OrderDesk,
    identity: Identity,
    *,
    secret: str | None,
    issuer: str,
    lifetime: timedelta,
    now: Callable[[], datetime],
) -> APIRouter:
    """Give the routes. Without a secret no link can be made."""
    routes = APIRouter(prefix="/v1/venues/{venue_id}/orders/{order_id}", tags=["guests"])

    @routes.post("/link", status_code=HTTPStatus.CREATED, responses=openapi.LINKED, operation_id="link_order")
    async def link_order(request: Request, venue_id: Venue, order_id: OrderId) -> OrderLink:
        """Make a link for a diner. Each is another token; it changes nothing about the order."""
        identity.of(request, "orders:write", venue_id)
        if secret is None:
            detail = "order links are not set up here: set ORDER_LINK_SECRET on order-api and the notifier"
            raise Problem(HTTPStatus.NOT_IMPLEMENTED, "order_links_not_set_up", detail)
        order = msgspec.json.decode((await desk.look_up(venue_id, order_id)).order)
        moment, token_id, seconds = now(), uuid4().hex, int(lifetime.total_seconds())
        token = sign_order_link(
            order, secret=secret, token_id=token_id, now=moment, lifetime_seconds=seconds, issuer=issuer
        )
        ends = int(moment.timestamp()) + seconds
        return OrderLink(token=token, token_id=token_id, expires_at=datetime.fromtimestamp(ends, moment.tzinfo))

    @routes.get("/progress", responses=openapi.PROGRESS, response_model=OrderProgress, operation_id="order_progress")
    async def order_progress(request: Request, venue_id: Venue, order_id: OrderId) -> Response:
        """Read how far an order is, with its link (or orders:read): the snapshot that its events go on from."""
        identity.following(request, venue_id, order_id)
        answer = await desk.look_up(venue_id, order_id)
        body = msgspec.json.encode(progress_of(msgspec.json.decode(answer.order)))
        return Response(body, headers=headers_of(answer), media_type="application/json")

    return routes
