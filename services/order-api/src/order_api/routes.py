"""The REST face: requests into commands, answers into responses. No rule lives here."""

import re
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Depends, Header, Path, Request, Response
from pydantic import BaseModel

from order_api import bodies, commands
from order_api.identity import Identity
from order_api.intake import ask, ask_to_place, headers_of
from order_api.order_desk import Answer, OrderDesk
from order_api.problems import Problem, ProblemBody
from order_api.verbs import LINE_VERBS, VERBS, LineVerb, Verb
from order_contracts.ids import NAME_PATTERN
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


class Call:
    """The parts that every change to an order comes with."""

    def __init__(
        self, request: Request, venue_id: Venue, order_id: OrderId, key: Key, if_match: IfMatch = None
    ) -> None:
        self.request, self.venue_id, self.order_id, self.key = request, venue_id, order_id, key
        self.if_match = _version_of(if_match)


def router(desk: OrderDesk, identity: Identity) -> APIRouter:
    """Give the order routes over a desk."""
    routes = APIRouter(prefix="/v1/venues/{venue_id}/orders", tags=["orders"])

    async def change(call: Call, body: BaseModel, command: commands.Command) -> Response:
        claims = identity.of(call.request, "orders:write", call.venue_id)
        asked = ask(claims, call.venue_id, call.order_id, call.key, command, body, if_match=call.if_match)
        return _response(await desk.carry_out(asked))

    @routes.post("", status_code=HTTPStatus.CREATED, responses={**_PROBLEMS, 201: {"model": Order}})
    async def place_order(request: Request, venue_id: Venue, key: Key, body: bodies.PlaceOrder) -> Response:
        """Place an order. Sent again with the same key, it is placed once and answered alike."""
        claims = identity.of(request, "orders:write", venue_id)
        request_to_desk = ask_to_place(claims, venue_id, key, body)
        response = _response(await desk.carry_out(request_to_desk), HTTPStatus.CREATED)
        response.headers["Location"] = f"/v1/venues/{venue_id}/orders/{request_to_desk.order_id}"
        return response

    @routes.get("/{order_id}", responses=_DONE)
    async def get_order(request: Request, venue_id: Venue, order_id: OrderId) -> Response:
        """Read an order: at least as new as anything that was answered before, by any replica."""
        identity.of(request, "orders:read", venue_id)
        return _response(await desk.look_up(venue_id, order_id))

    def add(verb: Verb) -> None:
        async def endpoint(
            call: Annotated[Call, Depends()],
            body: verb.body = Body(default=... if verb.default is None else verb.default),  # type: ignore[name-defined]  # the table's own type, read at run time
        ) -> Response:
            return await change(call, body, verb.command(body))

        path, name = f"/{{order_id}}/{verb.name}", f"{verb.name}_order"
        routes.add_api_route(path, endpoint, methods=["POST"], responses=_DONE, name=name, description=verb.text)

    def add_for_lines(verb: LineVerb) -> None:
        async def endpoint(
            call: Annotated[Call, Depends()],
            line_id: Line,
            body: verb.body = Body(default=... if verb.default is None else verb.default),  # type: ignore[name-defined]  # the table's own type, read at run time
        ) -> Response:
            return await change(call, body, verb.command(line_id, body))

        path, name = f"/{{order_id}}/items/{{line_id}}/{verb.name}", f"{verb.name}_item"
        routes.add_api_route(path, endpoint, methods=["POST"], responses=_DONE, name=name, description=verb.text)

    for verb in VERBS:
        add(verb)
    for line_verb in LINE_VERBS:
        add_for_lines(line_verb)
    return routes


def _version_of(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    match = _ETAG.fullmatch(if_match)
    if match is None:
        detail = 'If-Match must be an ETag that this service gave, such as "v7"'
        raise Problem(HTTPStatus.BAD_REQUEST, "header_invalid", detail, field="If-Match")
    return int(match[1])


def _response(answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(answer.order), status, headers_of(answer), "application/json")
