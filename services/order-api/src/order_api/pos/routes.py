"""Where POS systems call: Square's webhooks, and snapshots of whole orders."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import structlog
from fastapi import APIRouter, Depends, Path, Request, Response

from order_api import openapi
from order_api.identity import Identity
from order_api.order_desk import OrderDesk
from order_api.pos.following import Followed, follow, held_order, seen
from order_api.pos.snapshot import Snapshot, read_snapshot
from order_api.pos.square_order import SOURCE, business_date, read_order
from order_api.pos.square_webhook import SIGNATURE_HEADER, Notice, is_signed, read_notice
from order_api.pos.stated import Aside, OrderSource
from order_api.problems import Problem
from order_api.settings import SquareVenue
from order_contracts.claims import Claims
from order_contracts.ids import NAME_PATTERN, order_id_for

Venue = Annotated[str, Path(pattern=NAME_PATTERN)]
_log = structlog.get_logger()
_FOREVER = 2**62
_RESPONSES: openapi.Responses = {
    200: {"description": "Taken. `ignored` says that it was nothing new, `applied` which steps were taken."},
    **openapi.problems(400, 401, 403, 404, 413, 422, 503),
}


_SIGNED = {
    "security": [],  # the signature tells who it is
    "parameters": [
        {
            "name": SIGNATURE_HEADER,
            "in": "header",
            "schema": {"type": "string"},
            "description": "Square's signature over the notification URL and the body",
        }
    ],
}


def router(
    desk: OrderDesk,
    identity: Identity,
    square: Mapping[str, SquareVenue],
    square_orders: OrderSource | None,
    now: Callable[[], datetime],
) -> APIRouter:
    """Give the POS routes over a desk; `square_orders` may be None where `square` is empty."""
    routes = APIRouter(prefix="/v1/pos", tags=["pos"])

    async def who(request: Request, venue_id: Venue) -> Claims:
        return identity.of(request, "orders:write", venue_id)

    @routes.post("/snapshot/{venue_id}", responses=_RESPONSES, operation_id="take_snapshot")
    async def take_snapshot(claims: Annotated[Claims, Depends(who)], venue_id: Venue, body: Snapshot) -> Response:
        """Take an order whole, as a POS has it now; what differs from ours becomes commands."""
        return _told(await follow(desk, claims, venue_id, read_snapshot(body), now()))

    @routes.post("/square/{venue_id}", responses=_RESPONSES, operation_id="take_square_webhook", openapi_extra=_SIGNED)
    async def take_square_webhook(request: Request, venue_id: Venue) -> Response:
        """Take a webhook of Square's: check its signature, fetch the order that it names, follow it."""
        venue = square.get(venue_id)
        if venue is None or square_orders is None:
            detail = f"Square is not set up for venue {venue_id}: add it to SQUARE_VENUES"
            raise Problem(HTTPStatus.NOT_FOUND, "pos_not_set_up", detail)
        body, signature = await request.body(), request.headers.get(SIGNATURE_HEADER)
        key = venue.signature_key.get_secret_value()
        if not is_signed(signature, key=key, url=venue.notification_url, body=body):
            detail = f"{SIGNATURE_HEADER} is not Square's for {venue.notification_url} and this body"
            raise Problem(HTTPStatus.FORBIDDEN, "signature_invalid", detail, field=SIGNATURE_HEADER)
        notice = read_notice(body, venue.location_id)
        return _told(
            notice if isinstance(notice, Aside) else await follow_square(venue_id, venue, notice, square_orders)
        )

    async def follow_square(venue_id: str, venue: SquareVenue, notice: Notice, orders: OrderSource) -> Followed | Aside:
        zone = ZoneInfo(venue.timezone)
        order_id = order_id_for(venue_id, SOURCE, notice.order_id, business_date(notice.created_at, zone))
        aside = seen(await held_order(desk, venue_id, order_id), notice.version)
        if aside is not None:
            return aside
        stated = read_order(await orders.fetch_order(venue_id, notice.order_id), zone)
        if isinstance(stated, Aside):
            return stated
        if stated.version < notice.version:
            detail = f"Square gave version {stated.version} of the order and told of {notice.version}"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "pos_unavailable", detail, headers={"Retry-After": "1"})
        claims = Claims(SOURCE, venue.organization, frozenset({venue_id}), frozenset({"orders:write"}), _FOREVER)
        return await follow(desk, claims, venue_id, stated, now())

    return routes


def _told(outcome: Followed | Aside) -> Response:
    told = {"ignored": True, "reason": outcome.reason} if isinstance(outcome, Aside) else outcome.told()
    if told["ignored"]:
        _log.info("a POS told nothing new", reason=told["reason"], order=told.get("order_id"))
    return Response(msgspec.json.encode(told), media_type="application/json")
