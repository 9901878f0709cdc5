"""Errors as callers read them: problem+json (RFC 9457), with a stable code, the field and the remedy."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from order_contracts.problem import MEDIA_TYPE, ProblemFacts


class Problem(ProblemFacts):
    """An answer that is an error."""

    def response(self) -> Response:
        """Give it as an HTTP response."""
        return Response(self.encoded(), self.status, dict(self.headers or {}), MEDIA_TYPE)


def try_again(what: str) -> Problem:
    """Say that something can't be done at the moment, and that asking again is safe."""
    detail = f"{what}. Send it again with the same Idempotency-Key: it is done once at most"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", detail, headers={"Retry-After": "1"})


def internal() -> Problem:
    """Own up to a fault of this service."""
    detail = "that was our fault, and it is in our logs. With the same Idempotency-Key it is safe to send again"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101  # registered for this type alone
        return error.response()

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return of_errors(error.errors()).response()

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        status = HTTPStatus(error.status_code)
        code = status.name.lower()
        return Problem(status, code, str(error.detail), headers=error.headers).response()

    async def on_bug(_: Request, __: Exception) -> Response:
        return internal().response()

    app.add_exception_handler(Exception, on_bug)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def precondition_required(field: str = "If-Match", example: str = '"v7"') -> Problem:
    """Ask for the version that a request overwrites."""
    which = f"say which version you saw, {field}: {example}, or * for any"
    detail = f"this overwrites what others may have changed: {which}"
    return Problem(HTTPStatus.PRECONDITION_REQUIRED, "precondition_required", detail, field=field)


def of_errors(errors: Sequence[Any]) -> Problem:
    """Give the problem of a request's first fault, in pydantic's terms: `loc` begins with body, header, path, query."""
    first = errors[0]
    where, *path = first["loc"]
    if first["type"] == "json_invalid":
        return Problem(HTTPStatus.BAD_REQUEST, "malformed_json", f"the body is no JSON: {first['ctx']['error']}")
    if where == "header":
        code, status = "header_invalid", HTTPStatus.BAD_REQUEST
        if str(path[0]).lower() == "idempotency-key":
            code = "idempotency_key_missing" if first["type"] == "missing" else "idempotency_key_invalid"
        if str(path[0]).lower() == "if-match":
            return precondition_required()
        return Problem(status, code, f"header {path[0]}: {first['msg']}", field=str(path[0]))
    if where == "body" and not path and isinstance(first.get("input"), bytes):  # so it stays where no JSON is promised
        detail = "the body is sent as something else than JSON: send JSON, with Content-Type: application/json"
        return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_sent_as_json", detail, field="Content-Type")
    return _invalid(path or [where], first["msg"])


def of_body(error: ValidationError, whole: str = "data") -> Problem:
    """Tell of the first wrong field of a body that was not FastAPI's to check; `whole` names the body itself."""
    first = error.errors(include_url=False)[0]
    return _invalid(first["loc"] or [whole], first["msg"])


def _invalid(path: Sequence[object], message: str) -> Problem:
    field = ".".join(str(part) for part in path)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{field}: {message}", field=field)
