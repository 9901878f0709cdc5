"""The REST face: requests into commands, answers into responses. No rule lives here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Request, Response
from pydantic import BaseModel, WithJsonSchema

from order_api import bodies, commands, openapi
from order_api.hot_change import ETAG, ORDER_ID_PATTERN
from order_api.identity import Identity
from order_api.naming import ask, ask_to_place, headers_of
from order_api.order_desk import Answer, OrderDesk
from order_api.problems import Problem
from order_api.verbs import Verb, verbs
from order_contracts.claims import Claims
from order_contracts.ids import NAME_PATTERN

Venue = Annotated[str, Path(pattern=NAME_PATTERN)]
Name = Annotated[str, Path(pattern=NAME_PATTERN)]
OrderId = Annotated[str, Path(pattern=ORDER_ID_PATTERN)]
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, description="names the request; send it again as is"),
]
_IF_MATCH = Header(alias="If-Match", description='the version that this builds on, such as "v7", or * for any')
_IF_MATCH_SCHEMA = WithJsonSchema({"type": "string", "pattern": r'^(\*|"v[1-9][0-9]{0,8}")$'})  # told; checked below
IfMatch = Annotated[str | None, _IF_MATCH, _IF_MATCH_SCHEMA]
NeededIfMatch = Annotated[str, _IF_MATCH, _IF_MATCH_SCHEMA]


@dataclass(frozen=True, slots=True)
class Call:
    """The parts that every change to an order comes with."""

    claims: Claims
    venue_id: str
    order_id: str
    key: str
    if_match: int | None


# Dependencies are coroutines, though they wait for nothing: FastAPI sends plain functions to a thread, a dear detour.
def _calls(identity: Identity) -> tuple[Callable[..., Awaitable[Call]], Callable[..., Awaitable[Call]]]:
    """Give the dependency of a change, and that of a pinned one. Who asks is found out before the body is judged."""

    async def call(request: Request, venue_id: Venue, order_id: OrderId, key: Key, if_match: IfMatch = None) -> Call:
        claims = identity.of(request, "orders:write", venue_id)
        return Call(claims, venue_id, order_id, key, _version_of(if_match))

    async def pinned(request: Request, venue_id: Venue, order_id: OrderId, key: Key, if_match: NeededIfMatch) -> Call:
        return await call(request, venue_id, order_id, key, if_match)

    return call, pinned


async def _no_target() -> str:
    return ""


async def _line(line_id: Name) -> str:
    return line_id


async def _station(station: Name) -> str:
    return station


_TARGETS: dict[str | None, Callable[..., Awaitable[str]]] = {None: _no_target, "line_id": _line, "station": _station}


def router(desk: OrderDesk, identity: Identity) -> APIRouter:
    """Give the order routes over a desk."""
    # A body without a Content-Type is taken for JSON; one with another than JSON's is refused.
    routes = APIRouter(prefix="/v1/venues/{venue_id}/orders", tags=["orders"], strict_content_type=False)
    any_call, pinned_call = _calls(identity)

    async def change(call: Call, body: BaseModel, command: commands.Command) -> Response:
        asked = ask(call.claims, call.venue_id, call.order_id, call.key, command, body, if_match=call.if_match)
        return _response(await desk.carry_out(asked))

    @routes.post("", status_code=HTTPStatus.CREATED, responses=openapi.CREATED, operation_id="place_order")
    async def place_order(request: Request, venue_id: Venue, key: Key, body: bodies.PlaceOrder) -> Response:
        """Place an order. Sent again with the same key, it is placed once and answered alike."""
        claims = identity.of(request, "orders:write", venue_id)
        asked = ask_to_place(claims, venue_id, key, body.order())
        response = _response(await desk.carry_out(asked), HTTPStatus.CREATED)
        response.headers["Location"] = f"/v1/venues/{venue_id}/orders/{asked.order_id}"
        return response

    @routes.get("/{order_id}", responses=openapi.READ, operation_id="get_order")
    async def get_order(request: Request, venue_id: Venue, order_id: OrderId) -> Response:
        """Read an order: at least as new as anything that was answered before, by any replica."""
        identity.of(request, "orders:read", venue_id)
        return _response(await desk.look_up(venue_id, order_id))

    def add(verb: Verb) -> None:
        async def endpoint(
            call: Annotated[Call, Depends(pinned_call if verb.pinned else any_call)],
            target: Annotated[str, Depends(_TARGETS[verb.target])],
            body: verb.body = Body(default=... if verb.default is None else verb.default),  # type: ignore[name-defined]  # the table's own type, read at run time
        ) -> Response:
            return await change(call, body, verb.command(body, target))

        routes.add_api_route(
            f"/{{order_id}}{verb.path}",
            endpoint,
            methods=["POST"],
            responses=openapi.PINNED if verb.pinned else openapi.CHANGED,
            name=verb.name,
            operation_id=verb.name,
            summary=verb.text.partition(".")[0],
            description=verb.text,
        )

    for verb in verbs():
        add(verb)
    return routes


def _version_of(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    match = ETAG.fullmatch(if_match)
    if match is None:
        detail = 'If-Match must be an ETag that this service gave, such as "v7"'
        raise Problem(HTTPStatus.BAD_REQUEST, "header_invalid", detail, field="If-Match")
    return int(match[1])


def _response(answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(answer.order, status, headers_of(answer), "application/json")
