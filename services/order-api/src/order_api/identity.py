"""Who is asking: the bearer token of a request, verified once and remembered while its key is held.

A request is admitted before its body is read; what it may do at a venue is asked where the venue is known.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import Request

from order_api.order_book import OrderBook
from order_api.problems import Problem
from order_api.rates import Rates
from order_contracts.claims import Claims, TokenRefused
from order_contracts.tokens import NotReady, Tokens
from order_contracts.verified import VerifiedTokens

_CLAIMS = "claims"
Headers = Iterable[tuple[bytes, bytes]]


class Identity:
    """Admits tokens and says what they allow."""

    def __init__(self, tokens: Tokens, rates: Rates, book: OrderBook, now: Callable[[], datetime]) -> None:
        self._tokens = VerifiedTokens(tokens, lambda: now().timestamp())
        self._rates, self._book = rates, book

    def admitted(self, state: Mapping[str, object]) -> bool:
        """Whether a request's token has been verified and charged."""
        return _CLAIMS in state

    async def admit(self, headers: Headers, state: dict[str, object]) -> None:
        """Verify a request's token, if it has one, and charge the request to it. Raises Problem 401, 429 or 503."""
        tokens = [value for name, value in headers if name == b"authorization"]
        if not tokens:
            return
        if len(tokens) > 1:
            raise _unauthorized("send one Authorization header, not several")
        claims = await self._claims(tokens[0].decode("latin-1"))
        self._rates.charge(claims)
        state[_CLAIMS] = claims

    def of(self, request: Request, scope: str, venue_id: str) -> Claims:
        """Give the claims of an admitted request that may do `scope` at a venue. Raises Problem 401 or 403."""
        return self.allowed(request.scope.get("state", {}), scope, venue_id)

    def allowed(self, state: Mapping[str, object], scope: str, venue_id: str) -> Claims:
        """Do what `of` does, of a request's state."""
        claims = _admitted(state)
        refusal = claims.refusal(scope, venue_id, self._book.organization_of(venue_id))
        if refusal is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)
        return claims

    def following(self, request: Request, venue_id: str, order_id: str) -> Claims:
        """Give the claims of a request that may see an order's progress: its link, or orders:read. Raises Problem."""
        claims = _admitted(request.scope.get("state", {}))
        if claims.order_id is None:
            return self.of(request, "orders:read", venue_id)
        refusal = claims.order_refusal(order_id)
        if refusal is None and venue_id not in (claims.venues or ()):
            refusal = f"the link is not for venue {venue_id}"
        if refusal is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "not_allowed", refusal)
        return claims

    def charge(self, state: Mapping[str, object], requests: int) -> None:
        """Charge what a request holds beyond itself, such as the other events of a batch. Raises Problem 413 or 429."""
        claims = state.get(_CLAIMS)
        if isinstance(claims, Claims) and requests > 0:
            self._rates.charge(claims, requests)

    async def _claims(self, header: str) -> Claims:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("send a token: Authorization: Bearer …")
        try:
            return self._tokens.known(token) or await self._tokens.claims(token)
        except TokenRefused as refused:
            raise _unauthorized(str(refused)) from refused
        except NotReady as missing:
            detail = f"{missing}. Nothing was done: send it again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", detail, headers={"Retry-After": "1"}) from None


def _admitted(state: Mapping[str, object]) -> Claims:
    claims = state.get(_CLAIMS)
    if not isinstance(claims, Claims):
        raise _unauthorized("send a token: Authorization: Bearer …")
    return claims


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
