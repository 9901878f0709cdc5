"""Errors of the HTTP routes: problem+json (RFC 9457), with a stable code, the field and the remedy."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from order_contracts.problem import MEDIA_TYPE, ProblemFacts

Endpoint = Callable[[Request], Awaitable[Response]]


class Problem(ProblemFacts):
    """An answer that is an error."""

    def response(self) -> Response:
        """Give it as an HTTP response."""
        headers = {"cache-control": "no-store", **(self.headers or {})}
        return Response(self.encoded(), self.status, headers, MEDIA_TYPE)


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
