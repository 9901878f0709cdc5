"""The REST face: requests into commands, answers into responses. No rule lives here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Depends, Header, Path, Request, Response
from pydantic import BaseModel

from order_api import bodies, commands
from order_api.identity import Identity
from order_api.order_desk import Answer, OrderDesk
from order_api.order_desk import Request as DeskRequest
from order_api.problems import Problem, ProblemBody
from order_contracts.claims import Claims
from order_contracts.events import timestamp
from order_contracts.ids import NAME_PATTERN, event_id_for, order_id_for
from order_contracts.order import Order

Venue = Annotated[str, Path(pattern=NAME_PATTERN)]
Line = Annotated[str, Path(pattern=NAME_PATTERN)]
OrderId = Annotated[str, Path(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, description="names the request; send it again as is"),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", description='the version that this builds on, such as "v7"')]
_ETAG = re.compile(r'"v([1-9][0-9]{0,8})"', re.ASCII)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody} for status in (400, 401, 403, 404, 409, 412, 413, 422, 503)
}
_DONE: dict[int | str, dict[str, Any]] = {**_PROBLEMS, 200: {"model": Order}}
_NOTHING = bodies.NoteBody()


class Call:
    """The parts that every change to an order comes with."""

    def __init__(
        self, request: Request, venue_id: Venue, order_id: OrderId, key: Key, if_match: IfMatch = None
    ) -> None:
        self.request, self.venue_id, self.order_id, self.key = request, venue_id, order_id, key
        self.if_match = _version_of(if_match)


@dataclass(frozen=True, slots=True)
class _Verb:
    name: str
    text: str
    body: type[BaseModel]
    command: Callable[[Any], commands.Command]
    default: BaseModel | None = _NOTHING


_VERBS = (
    _Verb(
        "accept",
        "Take a placed order, with a promised time if there is one.",
        bodies.AcceptBody,
        lambda body: commands.Accept(None if body.promised_at is None else timestamp(body.promised_at)),
        default=bodies.AcceptBody(),
    ),
    _Verb(
        "reject",
        "Turn a placed order down, with the reason.",
        bodies.ReasonBody,
        lambda body: commands.Reject(body.reason),
        default=None,
    ),
    _Verb("start", "Start to prepare all lines.", bodies.NoteBody, lambda body: commands.Start(None, body.reason)),
    _Verb("ready", "Bump: all lines are ready.", bodies.NoteBody, lambda body: commands.MakeReady(None, body.reason)),
    _Verb("complete", "Hand the order over.", bodies.NoteBody, lambda body: commands.Complete(body.reason)),
    _Verb(
        "cancel",
        "Call an open order off, with the reason.",
        bodies.ReasonBody,
        lambda body: commands.Cancel(body.reason),
        default=None,
    ),
    _Verb(
        "recall",
        "Take a ready or completed order, or some of its lines, back to preparing.",
        bodies.RecallBody,
        lambda body: commands.Recall(None if body.line_ids is None else tuple(body.line_ids), body.reason),
        default=bodies.RecallBody(),
    ),
)


def router(desk: OrderDesk, identity: Identity) -> APIRouter:
    """Give the order routes over a desk."""
    routes = APIRouter(prefix="/v1/venues/{venue_id}/orders", tags=["orders"])

    async def change(call: Call, body: BaseModel, command: commands.Command) -> Response:
        claims = identity.of(call.request, "orders:write", call.venue_id)
        ask = _ask(claims, call.venue_id, call.order_id, call.key, command, body)
        return _response(await desk.carry_out(replace(ask, if_match=call.if_match)))

    @routes.post("", status_code=HTTPStatus.CREATED, responses={**_PROBLEMS, 201: {"model": Order}})
    async def place_order(request: Request, venue_id: Venue, key: Key, body: bodies.PlaceOrder) -> Response:
        """Place an order. Sent again with the same key, it is placed once and answered alike."""
        claims = identity.of(request, "orders:write", venue_id)
        answer = await desk.carry_out(placing(claims, venue_id, key, body))
        response = _response(answer, HTTPStatus.CREATED)
        response.headers["Location"] = f"/v1/venues/{venue_id}/orders/{answer.order['order_id']}"
        return response

    @routes.get("/{order_id}", responses=_DONE)
    async def get_order(request: Request, venue_id: Venue, order_id: OrderId) -> Response:
        """Read an order: at least as new as anything that was answered before, by any replica."""
        identity.of(request, "orders:read", venue_id)
        return _response(await desk.look_up(venue_id, order_id))

    @routes.post("/{order_id}/items/{line_id}/start", responses=_DONE)
    async def start_item(call: Annotated[Call, Depends()], line_id: Line, body: bodies.NoteBody = _NOTHING) -> Response:
        """Start to prepare one line."""
        return await change(call, body, commands.Start(line_id, body.reason))

    @routes.post("/{order_id}/items/{line_id}/ready", responses=_DONE)
    async def item_ready(call: Annotated[Call, Depends()], line_id: Line, body: bodies.NoteBody = _NOTHING) -> Response:
        """Bump one line; when it was the last, the order is ready."""
        return await change(call, body, commands.MakeReady(line_id, body.reason))

    def add(verb: _Verb) -> None:
        async def endpoint(
            call: Annotated[Call, Depends()],
            body: verb.body = Body(default=... if verb.default is None else verb.default),  # type: ignore[name-defined]  # the table's own type, read at run time
        ) -> Response:
            return await change(call, body, verb.command(body))

        path, name = f"/{{order_id}}/{verb.name}", f"{verb.name}_order"
        routes.add_api_route(path, endpoint, methods=["POST"], responses=_DONE, name=name, description=verb.text)

    for verb in _VERBS:
        add(verb)
    return routes


def placing(claims: Claims, venue_id: str, key: str, body: bodies.PlaceOrder) -> DeskRequest:
    """Word the request that places an order."""
    source = claims.subject if body.external_ref is None else body.external_ref.source
    order_id = order_id_for(venue_id, source, key, body.business_date.isoformat())
    command = commands.Place(order_id, venue_id, claims.organization_id, body)
    return _ask(claims, venue_id, order_id, key, command, body)


def _ask(
    claims: Claims, venue_id: str, order_id: str, key: str, command: commands.Command, body: BaseModel
) -> DeskRequest:
    line_id = getattr(command, "line_id", None)
    meaning = [type(command).__name__, line_id, body.model_dump(mode="json", exclude_unset=True)]
    return DeskRequest(
        venue_id=venue_id,
        organization_id=claims.organization_id,
        order_id=order_id,
        event_id=event_id_for(order_id, key),
        fingerprint=sha256(msgspec.json.encode(meaning, order="sorted")).hexdigest()[:32],
        actor=claims.subject,
        command=command,
    )


def _version_of(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    match = _ETAG.fullmatch(if_match)
    if match is None:
        detail = 'If-Match must be an ETag that this service gave, such as "v7"'
        raise Problem(HTTPStatus.BAD_REQUEST, "header_invalid", detail, field="If-Match")
    return int(match[1])


def _response(answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> Response:
    headers = {"ETag": f'"v{answer.version}"', "Position": str(answer.position)}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(msgspec.json.encode(answer.order), status, headers, "application/json")
