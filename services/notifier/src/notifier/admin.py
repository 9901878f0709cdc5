"""What operators ask, with scope `admin`: who watches what, show a notice, sign out. All of it on every replica."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from notifier.bearer import Bearer
from notifier.calls import Call, Target
from notifier.presence import Presence, report
from notifier.problems import Problem, answering, not_allowed, unavailable
from notifier.replicas import RedisAway, Replicas
from order_contracts.channels import Room
from order_contracts.claims import Claims
from order_contracts.events import timestamp

_MOST_BODY_BYTES = 16 * 1024
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_Body = TypeVar("_Body")


class _Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: _Text
    level: Literal["info", "warning"] = "info"
    room: str | None = None
    subject: _Name | None = None


class _SignOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: _Text = "you were signed out"
    room: str | None = None
    subject: _Name | None = None
    token_id: _Name | None = None


class Admin:
    """Answers operators."""

    def __init__(
        self,
        *,
        replica: str,
        bearer: Bearer,
        replicas: Replicas,
        observe: Callable[[], Presence],
        carry_out: Callable[[Call], Awaitable[int]],
    ) -> None:
        self._replica, self._bearer, self._replicas = replica, bearer, replicas
        self._observe, self._carry_out = observe, carry_out

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route("/v1/admin/presence", answering(self._presence)),
            Route("/v1/admin/notices", answering(self._notice), methods=["POST"]),
            Route("/v1/admin/sign-outs", answering(self._sign_out), methods=["POST"]),
        ]

    async def _presence(self, request: Request) -> Response:
        """Say who watches which room. `complete` is false while the other replicas can't be asked."""
        claims = await self._claims(request)
        room = request.query_params.get("room")
        _check_room(room)
        seen, complete = [self._observe()], True
        try:
            seen += await self._replicas.presences()
        except RedisAway:
            complete = False
        return JSONResponse({"complete": complete, **report(seen, claims, room)}, headers={"cache-control": "no-store"})

    async def _notice(self, request: Request) -> Response:
        """Show a text to people in front of screens."""
        claims = await self._claims(request)
        wish = await _body(request, _Notice)
        _check_room(wish.room)
        told = {"text": wish.text, "level": wish.level, "sent_at": timestamp(datetime.now(UTC))}
        target = Target.of(claims, room=wish.room, subject=wish.subject, token_id=None)
        return await self._call("notice", target, told)

    async def _sign_out(self, request: Request) -> Response:
        """End connections. To keep somebody out, revoke the token too: a sign-out alone asks them to stay away."""
        claims = await self._claims(request)
        wish = await _body(request, _SignOut)
        _check_room(wish.room)
        if wish.room is wish.subject is wish.token_id is None:
            raise _wrong("subject", "say who is signed out: a subject, a token_id or a room")
        target = Target.of(claims, room=wish.room, subject=wish.subject, token_id=wish.token_id)
        return await self._call("sign_out", target, {"reason": wish.reason})

    async def _call(self, kind: Literal["notice", "sign_out"], target: Target, body: dict[str, Any]) -> Response:
        call = Call(self._replica, kind, target, {"id": uuid4().hex, **body})
        try:
            others = await self._replicas.call(call)
        except RedisAway as away:
            raise unavailable(
                "Redis is away, so the other replicas can't be told. Nothing was done: try again"
            ) from away
        here = await self._carry_out(call)
        answer = {"id": call.body["id"], "watchers_here": here, "other_replicas": others}
        return JSONResponse(answer, HTTPStatus.ACCEPTED)

    async def _claims(self, request: Request) -> Claims:
        claims = await self._bearer.claims(request)
        if (refusal := claims.refusal("admin")) is not None:
            raise not_allowed(refusal)
        return claims


async def _body(request: Request, kind: type[_Body]) -> _Body:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY_BYTES:
            detail = f"the body is over {_MOST_BODY_BYTES} bytes: send less"
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        text, _, place = str(wrong).partition(" - at `$")
        raise _wrong(place.strip("`.") or "body", text) from wrong
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", f"the body is no JSON: {wrong}") from wrong


def _check_room(room: str | None) -> None:
    try:
        if room is not None:
            Room.parse(room)
    except ValueError as wrong:
        raise _wrong("room", str(wrong)) from wrong


def _wrong(field: str, text: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{field}: {text}", field=field)
