"""The reports over HTTP, for a venue and for an organization: JSON, or CSV of any length."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from order_contracts.events import timestamp
from projector.queries import openapi
from projector.queries.access import ANALYTICS, Access
from projector.queries.analytics.bodies import BODIES, EXAMPLES
from projector.queries.analytics.export import Exports
from projector.queries.analytics.freshness import Behind, Freshness
from projector.queries.analytics.period import Bucket, Period, Unreadable
from projector.queries.analytics.reports import REPORTS, Owner, Question, Report
from projector.queries.asked import OrganizationId, VenueId
from projector.queries.conditional import Held, answer, tag_of
from projector.queries.problems import invalid, unavailable
from projector.queries.rows import Rows

MOST_ROWS = 10_000
_encoder = msgspec.json.Encoder(decimal_format="string")


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"


From = Annotated[
    str,
    Query(
        alias="from",
        max_length=40,
        description="a business day, or a moment with its time zone",
        examples=["2026-11-01"],
    ),
]
To = Annotated[
    str,
    Query(max_length=40, description="the end, itself not in it; of the same kind as `from`", examples=["2026-12-01"]),
]
Zone = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z]{2,20}(/[A-Za-z0-9_+-]{1,30}){0,2}$",
        description="the time zone of days where there is no business day: of refunds, and of the list of late orders",
        examples=["Europe/Rome"],
    ),
]


@dataclass(frozen=True, slots=True)
class Analytics:
    """What the routes ask."""

    access: Access
    rows: Rows
    freshness: Freshness
    exports: Exports


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    zone: str
    written: Format


def _asked(owner: Owner) -> Callable[..., Awaitable[_Asked]]:
    async def asked(  # a plain function would be called in a thread
        start: From,
        to: To,
        bucket: Bucket = Bucket.DAY,
        tz: Zone = "UTC",
        written: Annotated[Format, Query(alias="format")] = Format.JSON,
    ) -> _Asked:
        try:
            return _Asked(Question(owner, Period.parse(start, to), bucket), tz, written)
        except Unreadable as error:
            raise invalid(error.field, str(error)) from error

    return asked


def analytics_routes(analytics: Analytics) -> APIRouter:
    """Make a route a report and kind of owner."""
    router = APIRouter(prefix="/v1", tags=["analytics"])
    for path, report in REPORTS.items():
        _add(router, analytics, path, report)
    return router


def _add(router: APIRouter, analytics: Analytics, path: str, report: Report) -> None:
    described: dict[str, Any] = {
        "summary": report.title,
        "responses": openapi.report(BODIES[path], EXAMPLES[path]),
    }

    async def of_venue(
        request: Request, held: Held, venue_id: VenueId, asked: Annotated[_Asked, Depends(_asked(Owner.VENUE))]
    ) -> Response:
        await analytics.access.to_venue(request, venue_id, ANALYTICS)
        return await _answered(analytics, report, path, venue_id, asked, held)

    async def of_organization(
        request: Request,
        held: Held,
        organization_id: OrganizationId,
        asked: Annotated[_Asked, Depends(_asked(Owner.ORGANIZATION))],
        by_venue: Annotated[bool, Query(description="a row for each venue")] = False,
    ) -> Response:
        await analytics.access.to_organization(request, organization_id, ANALYTICS)
        question = Question(Owner.ORGANIZATION, asked.question.period, asked.question.bucket, by_venue)
        return await _answered(
            analytics, report, path, organization_id, _Asked(question, asked.zone, asked.written), held
        )

    router.add_api_route(f"/venues/{{venue_id}}/analytics/{path}", of_venue, **described)
    router.add_api_route(f"/organizations/{{organization_id}}/analytics/{path}", of_organization, **described)


async def _answered(
    analytics: Analytics, report: Report, path: str, owner_id: str, asked: _Asked, held: str
) -> Response:
    question = asked.question
    try:
        moment = await analytics.freshness.as_of()
    except Behind as behind:
        raise unavailable(f"{behind}: reports are not answered until it has caught up", "replica_behind") from behind
    sql = report.sql(question)
    values = [owner_id, question.period.start, question.period.end]
    values += [asked.zone] if report.zoned(question) else []
    try:
        if asked.written is Format.CSV:
            return await analytics.exports.start(sql, values, f"{path}-{owner_id}")
        rows = await analytics.rows.fetch(f"{sql} LIMIT {MOST_ROWS + 1}", *values)
    except asyncpg.InvalidParameterValueError as error:
        raise invalid("tz", f"there is no time zone {asked.zone}: give one such as Europe/Rome") from error
    if len(rows) > MOST_ROWS:
        raise invalid("to", f"that is over {MOST_ROWS} rows: ask for a shorter period, longer steps, or format=csv")
    found = _encoder.encode([dict(row) for row in rows])
    body = b'{"as_of":"%b","rows":%b}' % (timestamp(moment).encode(), found)
    return answer(held, body, tag_of(found))
