"""What the OpenAPI document says of answers: their headers, and every problem with an example."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from order_contracts.order import Order
from order_contracts.problem import described, header_texts, with_problems
from projector.queries.bodies import (
    EXAMPLES,
    BoardBody,
    ChangesBody,
    CountsBody,
    HistoryBody,
    OrdersBody,
    OutlinesBody,
    SnapshotBody,
    VenuesBody,
)
from projector.queries.problems import Problem

Responses = dict[int | str, dict[str, Any]]

_DESCRIPTION = """Questions about orders, answered from the read models; nothing is changed here.

Answers that may be polled carry an `ETag`: send it back as `If-None-Match`, and 304 says that it still stands.
`Poll-After-Ms` says when asking again is worth it at this venue. `If-Min-Position` makes an answer wait until it holds
what you wrote. Enums are open: keep values that you do not know. Times are UTC unless a time zone is given."""
_FIELDS = {
    "ETag": "of this answer, for If-None-Match",
    "Poll-After-Ms": "when asking again is worth it, in milliseconds",
    "Position": "where the answer is true; opaque. With 304: your copy is true there",
}
_PROBLEMS: dict[int, tuple[str, str, str, str | None]] = {
    401: ("The token is missing, wrong or expired.", "unauthorized", "send a token: Authorization: Bearer …", None),
    403: ("The token does not allow it.", "not_allowed", "the token is not for venue osteria-nord", None),
    404: ("It is not there.", "order_not_found", "there is no such order at this venue", None),
    410: (
        "The way from there is not known any more.",
        "position_too_old",
        "more than 1000 events came since then: fetch the snapshot, and go on from its position",
        "since",
    ),
    412: (
        "If-Min-Position can't be reached.",
        "other_epoch",
        "If-Min-Position is of another life of the log: ask without it, or with a position given since then",
        "If-Min-Position",
    ),
    422: ("A parameter is wrong.", "invalid_request", "limit: Input should be greater than or equal to 1", "limit"),
    500: ("Our fault.", "internal", "that was our fault, and it is in our logs", None),
    503: (
        "Postgres does not answer, or the rows have not reached If-Min-Position in time.",
        "not_projected_yet",
        "the rows have not reached If-Min-Position yet: ask again",
        None,
    ),
}
_ALWAYS = (401, 403, 412, 422, 500, 503)


def answers(model: type[BaseModel], *headers: str, problems: tuple[int, ...] = _ALWAYS) -> Responses:
    """Describe a route: its body with an example, the headers that come with it, 304 and its problems."""
    described = {
        "description": HTTPStatus.OK.phrase,
        "model": model,
        "headers": _headers("ETag", *headers),
        "content": {"application/json": {"example": EXAMPLES[model]}},
    }
    same = {"description": "What you hold still stands.", "headers": _headers("ETag", *headers)}
    return {200: described, 304: same, **{status: problem(status) for status in problems}}


def report(model: type[BaseModel], example: dict[str, object]) -> Responses:
    """Describe a report, which may also be had as CSV."""
    csv = {"schema": {"type": "string"}, "example": "day,currency,orders\r\n2026-11-24,EUR,117\r\n"}
    described = {
        "description": HTTPStatus.OK.phrase,
        "model": model,
        "headers": _headers("ETag"),
        "content": {"application/json": {"example": example}, "text/csv": csv},
    }
    same = {"description": "What you hold still stands.", "headers": _headers("ETag")}
    return {
        200: described,
        304: same,
        **{status: problem(status) for status in _ALWAYS if status != HTTPStatus.PRECONDITION_FAILED},
    }


def problem(status: int) -> dict[str, Any]:
    """Describe a problem, with an example."""
    text, code, detail, field = _PROBLEMS[status]
    return described(text, Problem(HTTPStatus(status), code, detail, field=field))


def _headers(*names: str) -> dict[str, Any]:
    return header_texts({name: _FIELDS[name] for name in names})


ORDERS = answers(OrdersBody, "Poll-After-Ms")
SNAPSHOT = answers(SnapshotBody, "Poll-After-Ms", "Position")
CHANGES = answers(ChangesBody, "Poll-After-Ms", "Position", problems=(*_ALWAYS, 410))
BOARD = answers(BoardBody, "Poll-After-Ms")
COUNTS = answers(CountsBody, "Poll-After-Ms")
ORDER = answers(Order, problems=(*_ALWAYS, 404, 410))
HISTORY = answers(HistoryBody, problems=(*_ALWAYS, 404, 410))
VENUES = answers(VenuesBody)
OUTLINES = answers(OutlinesBody, "Position")


def describe(app: FastAPI) -> None:
    """Let the app's OpenAPI document know of tokens and of the shape of problems."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            plain = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
            app.openapi_schema = with_problems(plain)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend it
