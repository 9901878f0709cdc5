"""Who is asking: the bearer token of a request, verified once and remembered until it expires."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from fastapi import Request

from order_api.order_book import OrderBook
from order_api.problems import Problem
from order_api.settings import Settings
from order_contracts.claims import LEEWAY_SECONDS, Claims, TokenRefused, verify

_REMEMBERED = 10_000


class Identity:
    """Verifies tokens and says what they allow. Verified ones are kept: a signature costs as much as an order."""

    def __init__(self, settings: Settings, book: OrderBook, now: Callable[[], datetime]) -> None:
        self._settings, self._book, self._now = settings, book, now
        self._verified: dict[str, Claims] = {}

    def of(self, request: Request, scope: str, venue_id: str) -> Claims:
        """Give the claims of a request that may do `scope` at a venue. Raises Problem 401 or 403."""
        claims = self._claims(request.headers.get("authorization", ""))
        refusal = claims.refusal(scope, venue_id, self._book.organization_of(venue_id))
        if refusal is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)
        return claims

    def _claims(self, header: str) -> Claims:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("send a token: Authorization: Bearer …")
        claims = self._verified.get(token)
        if claims is None:
            try:
                claims = verify(
                    token,
                    secret=self._settings.jwt_secret.get_secret_value(),
                    issuer=self._settings.jwt_issuer,
                    audience=self._settings.jwt_audience,
                )
            except TokenRefused as refused:
                raise _unauthorized(str(refused)) from refused
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
        if claims.expires_at + LEEWAY_SECONDS < self._now().timestamp():
            raise _unauthorized("the token has expired: get a new one")
        return claims


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
