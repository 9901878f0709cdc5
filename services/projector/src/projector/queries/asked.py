"""What comes with every question: whose it is, who asks, and how recent the answer must be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Path, Query, Request
from pydantic import StringConstraints

from order_contracts.ids import NAME_PATTERN
from order_contracts.positions import Position
from projector.queries.access import Access
from projector.queries.cursor import Cursor
from projector.queries.problems import Problem, invalid, unavailable
from projector.queries.reached import NotReached, OtherEpoch, Reached

VenueId = Annotated[str, Path(pattern=NAME_PATTERN, examples=["osteria-nord"])]
OrganizationId = Annotated[str, Path(pattern=NAME_PATTERN, examples=["nord-group"])]
OrderId = Annotated[str, Path(pattern=r"^[!-~]{1,64}$", examples=["6f5d1c1e-6a5b-5d0c-9a37-0f5f3f0b7a11"])]
StatusName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Statuses = Annotated[
    list[StatusName] | None,
    Query(max_length=20, description="may be given several times; all statuses where it is not", examples=[["placed"]]),
]
CursorText = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
Since = Annotated[
    str, Query(max_length=1000, description="a position that an answer gave you", examples=["1f0a3c9e.7-42"])
]
MinPosition = Annotated[
    str | None,
    Header(
        alias="If-Min-Position",
        max_length=1000,
        description="answer no earlier than this position, such as the `Position` of an answer of order-api",
    ),
]


@dataclass(frozen=True, slots=True)
class OfVenue:
    """A question about a venue that may be asked, and the position that it must not be answered before."""

    venue_id: str
    no_earlier_than: Position | None


def of_venue(access: Access, reached: Reached) -> Callable[..., Awaitable[OfVenue]]:
    """Make the dependency of a venue's routes. It raises Problem 401, 403, 412, 422 and 503."""

    async def asked(request: Request, venue_id: VenueId, if_min_position: MinPosition = None) -> OfVenue:
        await access.to_venue(request, venue_id)
        if if_min_position is None:
            return OfVenue(venue_id, None)
        try:
            position = reached.position_at(venue_id, if_min_position)
        except ValueError as error:
            raise invalid("If-Min-Position", str(error)) from error
        await _wait(reached, position)
        return OfVenue(venue_id, position)

    return asked


def of_organization(access: Access, reached: Reached) -> Callable[..., Awaitable[str]]:
    """Make the dependency of an organization's routes, likewise; it gives the organization's id."""

    async def asked(request: Request, organization_id: OrganizationId, if_min_position: MinPosition = None) -> str:
        await access.to_organization(request, organization_id)
        if if_min_position is not None:
            try:
                await _wait(reached, Position.parse(if_min_position))
            except ValueError as error:
                raise invalid("If-Min-Position", str(error)) from error
        return organization_id

    return asked


async def _wait(reached: Reached, position: Position) -> None:
    try:
        await reached.wait(position)
    except NotReached as error:
        raise unavailable("the rows have not reached If-Min-Position yet: ask again", "not_projected_yet") from error
    except OtherEpoch as error:
        detail = "If-Min-Position is of another life of the log: ask without it, or with a position given since then"
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "other_epoch", detail, field="If-Min-Position") from error


def cursor_of(text: str | None) -> Cursor | None:
    """Read `?cursor=`. Raises Problem 422."""
    try:
        return None if text is None else Cursor.parse(text)
    except ValueError as error:
        raise invalid("cursor", str(error)) from error
