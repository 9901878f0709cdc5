"""A diner's link to one order: a signed token of its own kind, so that it can't be taken for any other.

What must not break: a link opens its order's reduced view and nothing else. It has its own audience, its own type
(RFC 8725 section 3.11) and, where one is set, its own key; whatever else it claims is not looked at.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

from order_contracts.claims import FOLLOW_ORDER, MOST_TOKEN_BYTES, Claims, TokenRefused, verify
from order_contracts.ids import is_name
from order_contracts.keys import keys_of_secret

AUDIENCE = "scanserve-order-link"
_TYPE = "order-link+jwt"


def sign_order_link(
    order: Mapping[str, Any],
    *,
    secret: str,
    token_id: str,
    now: datetime,
    lifetime_seconds: int,
    issuer: str = "scanserve",
) -> str:
    """Sign a link to an order, given as its document. `token_id` (jti) lets it be revoked."""
    issued = int(now.timestamp())
    payload = {
        "sub": "guest",
        "org": order["organization_id"],
        "venues": [order["venue_id"]],
        "order": order["order_id"],
        "scope": FOLLOW_ORDER,
        "iat": issued,
        "exp": issued + lifetime_seconds,
        "iss": issuer,
        "aud": AUDIENCE,
        "jti": token_id,
    }
    return jwt.encode(payload, secret, algorithm="HS256", headers={"typ": _TYPE})


def is_order_link(token: str) -> bool:
    """Whether a token says that it is a link. It decides only which of two checks it has to pass."""
    if len(token) > MOST_TOKEN_BYTES or not token.isascii():
        return False
    try:
        return jwt.get_unverified_header(token).get("typ") == _TYPE
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False


def read_order_link(token: str, secret: str | None, *, issuer: str = "scanserve") -> Claims:
    """Check a link and read its claims. Raises TokenRefused."""
    if secret is None:
        raise TokenRefused("order links are not set up here: ORDER_LINK_SECRET is not set")
    claims, order_id = verify(token, keys_of_secret(secret), issuer=issuer, audience=AUDIENCE), _order_of(token)
    if claims.venues is None or len(claims.venues) != 1:
        raise TokenRefused("the link must name one venue")
    return Claims(
        subject=claims.subject,
        organization_id=claims.organization_id,
        venues=claims.venues,
        scopes=frozenset({FOLLOW_ORDER}),
        expires_at=claims.expires_at,
        token_id=claims.token_id,
        order_id=order_id,
    )


def _order_of(token: str) -> str:
    payload = jwt.decode(token, options={"verify_signature": False})  # its signature has just been verified
    order_id = payload.get("order")
    if not isinstance(order_id, str) or not is_name(order_id):
        raise TokenRefused("the link must name an order")
    return order_id
