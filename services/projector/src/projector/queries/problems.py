"""Errors as callers read them: problem+json (RFC 9457), with a stable code, the field and the remedy."""

from http import HTTPStatus

import structlog
from asyncpg import UndefinedTableError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from order_contracts.problem import MEDIA_TYPE, ProblemFacts
from projector.database import UNAVAILABLE

log = structlog.get_logger(__name__)


class Problem(ProblemFacts):
    """An answer that is an error."""

    def response(self) -> Response:
        """Give it as an HTTP response."""
        return Response(self.encoded(), self.status, dict(self.headers or {}), MEDIA_TYPE)


def unavailable(detail: str, code: str = "try_again") -> Problem:
    """Say that asking again soon may do."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers={"Retry-After": "1"})


def invalid(field: str, detail: str) -> Problem:
    """Say which field can't be taken, and what would do."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, field=field)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101  # registered for this type alone
        return error.response()

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        first = error.errors()[0]
        field = str(first["loc"][min(1, len(first["loc"]) - 1)])  # ("query", "status", 0): the parameter's name
        detail = f"{field}: {first['msg']}"
        return invalid(field, detail).response()

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        status = HTTPStatus(error.status_code)
        return Problem(status, status.name.lower(), str(error.detail), headers=error.headers).response()

    async def on_database(_: Request, error: Exception) -> Response:
        log.warning("Postgres did not answer", error=repr(error))
        return unavailable("the read models can't be reached now: ask again").response()

    async def on_bug(_: Request, __: Exception) -> Response:
        detail = "that was our fault, and it is in our logs"
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail).response()

    app.add_exception_handler(Exception, on_bug)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (*UNAVAILABLE, UndefinedTableError):  # no projector has migrated yet
        app.add_exception_handler(kind, on_database)
