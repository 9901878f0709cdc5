"""Who is asking: the bearer token of a request, and what it allows at a venue."""

from http import HTTPStatus

from fastapi import Request

from order_contracts.claims import Claims, TokenRefused, verify
from projector.queries.problems import Problem
from projector.queries.reads import Reads
from projector.settings import ServeSettings


class Access:
    """Verifies tokens; asks the rows whose a venue is, for tokens that allow all of an organization's."""

    def __init__(self, settings: ServeSettings, reads: Reads) -> None:
        self._settings = settings
        self._reads = reads

    async def reading(self, request: Request, venue_id: str) -> None:
        """Let a request pass that may read a venue's orders. Raises Problem 401 or 403."""
        claims = self._claims(request.headers.get("authorization", ""))
        organization = claims.organization_id
        known = claims.venues is None and await self._reads.belongs(venue_id, organization)
        refusal = claims.refusal("orders:read", venue_id, organization if known else None)
        if refusal is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)

    def _claims(self, header: str) -> Claims:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("send a token: Authorization: Bearer …")
        settings = self._settings
        try:
            return verify(
                token,
                secret=settings.jwt_secret.get_secret_value(),
                issuer=settings.jwt_issuer,
                audience=settings.jwt_audience,
            )
        except TokenRefused as refused:
            raise _unauthorized(str(refused)) from refused


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
