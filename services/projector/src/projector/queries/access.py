"""Who is asking: the bearer token of a request, and what it allows at a venue or of an organization."""

import time
from http import HTTPStatus

from fastapi import Request

from order_contracts.claims import Claims, TokenRefused
from order_contracts.tokens import NotReady, Tokens
from order_contracts.verified import VerifiedTokens
from projector.queries.problems import Problem, unavailable
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight

READING, ANALYTICS = "orders:read", "analytics:read"
_KNOWN_SECONDS = 60.0
_BELONGS = "SELECT EXISTS (SELECT FROM venue_status_counts WHERE venue_id = $1 AND organization_id = $2)"


class Access:
    """Verifies tokens; asks the rows whose a venue is, for tokens that allow all of an organization's."""

    def __init__(self, tokens: Tokens, rows: Rows) -> None:
        self._tokens = VerifiedTokens(tokens)
        self._rows = rows
        self._asked = SingleFlight(self._belongs, seconds=1.0)
        self._known_until: dict[str, float] = {}  # a venue's first orders say whose it is, so few venues come and go

    async def to_venue(self, request: Request, venue_id: str, scope: str = READING) -> None:
        """Let a request pass that may read about a venue. Raises Problem 401 or 403."""
        claims = await self._claims(request)
        organization = claims.organization_id
        known = claims.venues is None and await self._is_of(venue_id, organization)
        _refuse(claims.refusal(scope, venue_id, organization if known else None))

    async def to_organization(self, request: Request, organization_id: str, scope: str = READING) -> None:
        """Let a request pass that may read about all of an organization. Raises Problem 401 or 403."""
        claims = await self._claims(request)
        _refuse(claims.refusal(scope))
        if claims.organization_id != organization_id:
            _refuse(f"the token is not for organization {organization_id}")
        if claims.venues is not None:
            _refuse("the token is for some venues only: ask about them, or get a token for all venues")

    async def _is_of(self, venue_id: str, organization_id: str) -> bool:
        pair = f"{venue_id} {organization_id}"
        if time.monotonic() < self._known_until.get(pair, 0.0):
            return True
        belongs = await self._asked.get(pair)
        if belongs:
            self._known_until[pair] = time.monotonic() + _KNOWN_SECONDS
        return belongs

    async def _belongs(self, pair: str) -> bool:
        row = await self._rows.first(_BELONGS, *pair.split(" "))
        return bool(row and row[0])

    async def _claims(self, request: Request) -> Claims:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("send a token: Authorization: Bearer …")
        try:
            return await self._tokens.claims(token)
        except TokenRefused as refused:
            raise _unauthorized(str(refused)) from refused
        except NotReady as missing:
            raise unavailable(f"{missing}: ask again") from missing


def _refuse(refusal: str | None) -> None:
    if refusal is not None:
        raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
