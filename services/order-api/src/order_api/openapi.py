"""What the OpenAPI document says of answers: their headers, and every problem with an example."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from order_api.bodies import EXAMPLE_DAY
from order_api.problems import Problem
from order_contracts.order import Order
from order_contracts.problem import described, header_texts, with_problems

Responses = dict[int | str, dict[str, Any]]

_DESCRIPTION = """Commands on orders. Each is one event in the log or a refusal.

Every POST names itself by an `Idempotency-Key`: sent again as it was, it is done once and answered alike. `ETag` is the
order's version, `Position` where the log stood after the event. Enums are open: keep values that you do not know."""
_ERRORS: dict[HTTPStatus, tuple[str, str, str, str | None]] = {
    HTTPStatus.BAD_REQUEST: (
        "The request can't be read.",
        "idempotency_key_missing",
        "header Idempotency-Key: Field required",
        "Idempotency-Key",
    ),
    HTTPStatus.UNAUTHORIZED: (
        "The token is missing, wrong or expired.",
        "unauthorized",
        "send a token: Authorization: Bearer …",
        None,
    ),
    HTTPStatus.FORBIDDEN: (
        "The token does not allow it.",
        "not_allowed",
        "this token has no scope orders:write",
        None,
    ),
    HTTPStatus.NOT_FOUND: (
        "The order, line or station is not there.",
        "order_not_found",
        "there is no such order at this venue",
        None,
    ),
    HTTPStatus.CONFLICT: (
        "The order's state does not allow it; the detail says which would.",
        "transition_not_allowed",
        "the order is placed; to complete, it must be accepted or ready",
        "status",
    ),
    HTTPStatus.PRECONDITION_FAILED: (
        "The order has another version than If-Match names.",
        "version_mismatch",
        "the order is at version 7, not 6: read it again and decide anew",
        "If-Match",
    ),
    HTTPStatus.REQUEST_TIMEOUT: (
        "The body did not arrive in time.",
        "body_too_slow",
        "the body did not arrive in time: send it again, with the same Idempotency-Key",
        None,
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "This token asks too often.",
        "rate_limited",
        "this token may send 600 requests a minute: wait for as long as Retry-After says",
        None,
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "The headers are too many or too long.",
        "headers_too_large",
        "the headers are too many or too long: send fewer",
        None,
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "The body is too large.",
        "body_too_large",
        "the body is over 262144 bytes: send less, such as fewer lines or shorter notes",
        None,
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "The body is sent as something else than JSON.",
        "not_sent_as_json",
        "the body is sent as something else than JSON: send JSON, with Content-Type: application/json",
        "Content-Type",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "A field is wrong, or the key came before with another body.",
        "invalid_request",
        "items.0.quantity: String should match pattern …",
        "items.0.quantity",
    ),
    HTTPStatus.PRECONDITION_REQUIRED: (
        "If-Match is missing where the request overwrites what others may have changed.",
        "precondition_required",
        'this overwrites what others may have changed: say which version you saw, If-Match: "v7", or * for any',
        "If-Match",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Our fault.",
        "internal",
        "that was our fault, and it is in our logs. With the same Idempotency-Key it is safe to send again",
        None,
    ),
    HTTPStatus.NOT_IMPLEMENTED: (
        "This is not set up here.",
        "order_links_not_set_up",
        "order links are not set up here: set ORDER_LINK_SECRET on order-api and the notifier",
        None,
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The log did not answer in time, or this replica is behind.",
        "try_again",
        "the log did not answer in time. Send it again with the same Idempotency-Key: it is done once at most",
        None,
    ),
}
_HEADERS = {
    "ETag": "the order's version",
    "Position": "where the log stood after the event, or when the order was read; opaque",
    "Idempotent-Replayed": "`true` when the request came before",
}
_ON_ORDERS = _ERRORS.keys() - {HTTPStatus.NOT_IMPLEMENTED}
_READING = _ON_ORDERS - {
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.PRECONDITION_REQUIRED,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
_CHANGING = _ON_ORDERS - {HTTPStatus.PRECONDITION_REQUIRED}


def _problem(status: HTTPStatus) -> dict[str, Any]:
    text, code, detail, field = _ERRORS[status]
    return described(text, Problem(status, code, detail, field=field))


def problems(*statuses: int) -> Responses:
    """Describe the problems that a route may answer with."""
    return {status: _problem(HTTPStatus(status)) for status in statuses}


def _answers(done: HTTPStatus, errors: Iterable[HTTPStatus], **headers: str) -> Responses:
    order = {"description": "The order.", "model": Order, "headers": header_texts({**_HEADERS, **headers})}
    return {int(done): order, **{int(status): _problem(status) for status in sorted(errors)}}


CREATED = _answers(HTTPStatus.CREATED, _CHANGING - {HTTPStatus.PRECONDITION_FAILED}, Location="the order's address")
READ = _answers(HTTPStatus.OK, _READING)
CHANGED = _answers(HTTPStatus.OK, _CHANGING)
PINNED = _answers(HTTPStatus.OK, _ON_ORDERS)
LINKED = problems(*sorted(_READING | {HTTPStatus.NOT_IMPLEMENTED}))
UPLOAD = problems(*sorted((_READING | {HTTPStatus.NOT_IMPLEMENTED}) - {HTTPStatus.NOT_FOUND}))
PROGRESS: Responses = {int(HTTPStatus.OK): {"headers": header_texts(_HEADERS)}, **problems(*sorted(_READING))}


def describe(app: FastAPI) -> None:
    """Let the app's OpenAPI document know of tokens and of the shape of problems, and have examples of today."""

    @lru_cache(maxsize=1)  # once a day
    def document_of(day: date) -> dict[str, Any]:
        plain = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
        dated: dict[str, Any] = json.loads(json.dumps(with_problems(plain)).replace(EXAMPLE_DAY, day.isoformat()))
        return dated

    app.openapi = lambda: document_of(datetime.now(UTC).date())  # type: ignore[method-assign]  # FastAPI's own way
