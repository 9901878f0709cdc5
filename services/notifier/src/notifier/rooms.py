"""Which rooms a token opens. Pure; asked at every join, so that a claim that has changed counts at once."""

from collections.abc import Callable

from order_contracts.channels import Room
from order_contracts.claims import Claims

SCOPE = "rooms:join"


def refusal(claims: Claims, room: Room, organization_of: Callable[[str], str | None]) -> str | None:
    """Say in words why these claims do not open `room`; None when they do.

    `organization_of` tells whose a venue is, as the log says: `*` must not open another organization's venue.
    """
    match room.kind:
        case "venue":
            return claims.refusal(SCOPE, room.id, organization_of(room.id))
        case "organization":
            return claims.refusal(SCOPE) or _organization_refusal(claims, room.id)
        case _:
            return claims.order_refusal(room.id)


def _organization_refusal(claims: Claims, organization_id: str) -> str | None:
    if claims.organization_id != organization_id:
        return f"the token is not for organization {organization_id}"
    if claims.venues is not None:
        return "the token is for some venues only: join their rooms, or get a token for all venues"
    return None
