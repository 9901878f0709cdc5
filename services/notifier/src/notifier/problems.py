"""Errors of the HTTP routes: problem+json (RFC 9457), with a stable code, the field and the remedy."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]


class Problem(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field, self.headers = status, code, detail, field, headers

    def response(self) -> Response:
        """Give it as an HTTP response."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        if self.field is not None:
            body["field"] = self.field
        headers = {"cache-control": "no-store", **(self.headers or {})}
        return Response(msgspec.json.encode(body), self.status, headers, "application/problem+json")


def unauthorized(detail: str) -> Problem:
    """Say that no good token came."""
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def not_allowed(detail: str) -> Problem:
    """Say that the token does not allow it."""
    return Problem(HTTPStatus.FORBIDDEN, "not_allowed", detail)


def unavailable(detail: str, *, seconds: int = 1) -> Problem:
    """Say that it can't be done at the moment, and when to ask again."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", detail, headers={"Retry-After": f"{seconds}"})


def answering(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint raise its problems."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return problem.response()

    return answered
