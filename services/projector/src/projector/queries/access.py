"""Who is asking: the bearer token of a request, and what it allows at a venue."""

from http import HTTPStatus

from fastapi import Request

from order_contracts.claims import Claims, TokenRefused
from order_contracts.tokens import NotReady, Tokens
from projector.queries.problems import Problem, unavailable
from projector.queries.reads import Reads


class Access:
    """Verifies tokens; asks the rows whose a venue is, for tokens that allow all of an organization's."""

    def __init__(self, tokens: Tokens, reads: Reads) -> None:
        self._tokens = tokens
        self._reads = reads

    async def reading(self, request: Request, venue_id: str) -> None:
        """Let a request pass that may read a venue's orders. Raises Problem 401 or 403."""
        claims = await self._claims(request.headers.get("authorization", ""))
        organization = claims.organization_id
        known = claims.venues is None and await self._reads.belongs(venue_id, organization)
        refusal = claims.refusal("orders:read", venue_id, organization if known else None)
        if refusal is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)

    async def _claims(self, header: str) -> Claims:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("send a token: Authorization: Bearer …")
        try:
            return await self._tokens.claims(token)
        except TokenRefused as refused:
            raise _unauthorized(str(refused)) from refused
        except NotReady as missing:
            raise unavailable(f"{missing}: ask again") from missing


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
