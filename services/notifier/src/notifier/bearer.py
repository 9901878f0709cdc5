"""The token of an HTTP request: in its header, or, for what can send no header, in its address."""

from collections.abc import Callable

from starlette.requests import Request

from notifier.entrance import Entrance
from notifier.problems import unauthorized, unavailable
from order_contracts.claims import Claims, TokenRefused
from order_contracts.tokens import NotReady

_ADDRESS_SECONDS = 15 * 60


class Bearer:
    """Finds and verifies it.

    An address ends up in logs and histories, so a token in it must be worth little: a link to one order, or one that
    lasts a quarter of an hour at most (decision 91).
    """

    def __init__(self, entrance: Entrance, now: Callable[[], float]) -> None:
        self._entrance, self._now = entrance, now

    async def claims(self, request: Request, *, in_address: bool = False) -> Claims:
        """Give the claims of a request. Raises Problem 401 or 503."""
        header, address = request.headers.get("authorization"), request.query_params.get("token")
        if header is None and in_address and address is not None:
            claims = await self._verified(address)
            if claims.order_id is None and claims.expires_at - self._now() > _ADDRESS_SECONDS:
                minutes = _ADDRESS_SECONDS // 60
                raise unauthorized(f"a token in an address must expire within {minutes} minutes: send a shorter one")
            return claims
        kind, _, token = (header or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthorized("send a token: Authorization: Bearer …")
        return await self._verified(token)

    async def _verified(self, token: str) -> Claims:
        try:
            return await self._entrance.claims(token)
        except TokenRefused as refused:
            raise unauthorized(str(refused)) from refused
        except NotReady as missing:
            raise unavailable(f"{missing}: ask again") from missing
