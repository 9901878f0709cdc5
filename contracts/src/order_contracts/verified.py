"""Tokens, verified once and remembered while the keys stand: a signature costs as much as the rest of an answer."""

import time
from collections.abc import Callable

from order_contracts.claims import LEEWAY_SECONDS, Claims, TokenRefused
from order_contracts.keys import KeySet
from order_contracts.tokens import REVOKED, Tokens

_MOST = 10_000


class VerifiedTokens:
    """Invariant: nothing remembered outlives its keys, and expiry and revocation are looked at each time."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.time, *, most: int = _MOST) -> None:
        self._tokens, self._clock, self._most = tokens, clock, most
        self._known: dict[str, Claims] = {}
        self._keys: KeySet | None = None

    async def claims(self, token: str) -> Claims:
        """Give a token's claims. Raises TokenRefused, NotReady."""
        known = self.known(token)
        return self._standing(await self._verified(token, self._tokens.keys)) if known is None else known

    def known(self, token: str) -> Claims | None:
        """Give the claims of a token that is remembered. Raises TokenRefused."""
        keys = self._tokens.keys
        if keys is not self._keys:  # a key may have been withdrawn
            self._known, self._keys = {}, keys
        claims = self._known.get(token)
        return None if claims is None else self._standing(claims)

    def _standing(self, claims: Claims) -> Claims:
        if claims.expires_at + LEEWAY_SECONDS <= self._clock():
            raise TokenRefused("the token has expired: get a new one")
        if self._tokens.is_revoked(claims):
            raise TokenRefused(REVOKED)
        return claims

    async def _verified(self, token: str, keys: KeySet) -> Claims:
        claims = await self._tokens.claims(token)
        if self._tokens.keys is keys is self._keys:  # they may have been read anew meanwhile
            if len(self._known) >= self._most:
                self._known.clear()  # so many at once are rare, and verified again
            self._known[token] = claims
        return claims
