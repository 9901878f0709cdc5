"""Who may do what: the claims of a signed token (JWT, RFC 7519), the same for people, screens and POS systems."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Literal

import jwt

from order_contracts.ids import is_name
from order_contracts.keys import Key, KeySet

ERASE_GUESTS = "guests:erase"
SCOPES = (
    *("orders:write", "orders:import", "orders:read", "rooms:join", "analytics:read", "images:write"),
    *(ERASE_GUESTS, "admin"),
)
FOLLOW_ORDER = "order:follow"  # a diner's: only an order link has it, and no other scope
LEEWAY_SECONDS = 10
MOST_TOKEN_BYTES = 8 * 1024
_MOST_TEXT = 255
_REQUIRED = ["exp", "sub", "org", "venues", "scope"]


class TokenRefused(Exception):
    """The token is missing, false, expired, revoked or incomplete; the text says which."""


class KeyUnknown(TokenRefused):
    """The token names a key that is not held: perhaps a new one, which the keys' source knows by now."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token allows. `venues` is None where it allows all of its organization's.

    `token_id` (jti) names the token, so that it can be revoked before it expires. `order_id` is the one order that a
    diner's link is for: such claims allow nothing else, whatever scope they name.
    """

    subject: str
    organization_id: str
    venues: frozenset[str] | None
    scopes: frozenset[str]
    expires_at: int
    token_id: str | None = None
    order_id: str | None = None

    def order_refusal(self, order_id: str) -> str | None:
        """Say why these claims do not let a diner follow an order; None when they do."""
        if self.order_id is None or FOLLOW_ORDER not in self.scopes:
            return "an order is followed with a link to it: ask the venue for one"
        return None if self.order_id == order_id else f"the link is not for order {order_id}"

    def refusal(self, scope: str, venue_id: str | None = None, venue_organization: str | None = None) -> str | None:
        """Say why these claims do not allow `scope` (at a venue), None when they do.

        A listed venue is vouched for by the token's issuer. `*` stands for the venues of the token's organization,
        so it needs `venue_organization`: what the log or the rows say the venue belongs to.
        """
        if self.order_id is not None:
            return "the token is a link to one order: it opens nothing else"
        if scope not in self.scopes and "admin" not in self.scopes:
            return f"the token has no scope {scope}"
        if venue_id is None:
            return None
        if self.venues is not None:
            return None if venue_id in self.venues else f"the token is not for venue {venue_id}"
        if venue_organization == self.organization_id:
            return None
        return f"venue {venue_id} is not known to be of organization {self.organization_id}: name it in the token"


def issue(
    *,
    secret: str,
    subject: str,
    organization_id: str,
    venues: Iterable[str] | Literal["*"],
    scopes: Iterable[str],
    now: datetime,
    lifetime_seconds: int,
    issuer: str = "scanserve",
    audience: str = "scanserve",
    token_id: str | None = None,
) -> str:
    """Sign a token for development and tests; in production an identity provider does."""
    issued = int(now.timestamp())
    payload = {
        "sub": subject,
        "org": organization_id,
        "venues": venues if venues == "*" else sorted(venues),
        "scope": " ".join(scopes),
        "iat": issued,
        "exp": issued + lifetime_seconds,
        "iss": issuer,
        "aud": audience,
    }
    return jwt.encode(payload if token_id is None else {**payload, "jti": token_id}, secret, algorithm="HS256")


def verify(token: str, keys: KeySet, *, issuer: str = "scanserve", audience: str = "scanserve") -> Claims:
    """Check a token's signature, times, issuer and audience, and read its claims. Raises TokenRefused."""
    if len(token) > MOST_TOKEN_BYTES:
        raise TokenRefused(f"the token is not valid: it is over {MOST_TOKEN_BYTES} bytes")
    if not token.isascii():
        raise TokenRefused("the token is not valid: it holds other characters than a token can")
    try:
        return _claims(_payload(token, keys, issuer, audience))
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("the token has expired: get a new one") from error
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
        raise TokenRefused(f"the token is not valid: {error}") from error


def _payload(token: str, keys: KeySet, issuer: str, audience: str) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not keys.knows(kid):
        raise KeyUnknown("the token is not valid: it is signed with a key that is not known here")
    candidates = keys.candidates(algorithm, kid)
    if not candidates:
        raise TokenRefused("the token is not valid: it is not signed with an algorithm that is accepted here")
    for key in candidates[:-1]:
        try:
            return _decode(token, key, issuer, audience)
        except jwt.InvalidSignatureError:
            continue
    return _decode(token, candidates[-1], issuer, audience)


def _decode(token: str, key: Key, issuer: str, audience: str) -> dict[str, Any]:
    return jwt.decode(
        token,
        key.material,
        algorithms=[key.algorithm],  # the key's own: the token does not choose how it is checked
        issuer=issuer,
        audience=audience,
        leeway=LEEWAY_SECONDS,
        options={"require": _REQUIRED},
    )


def _claims(payload: dict[str, Any]) -> Claims:
    venues, scope, token_id = payload["venues"], payload["scope"], payload.get("jti")
    if not isinstance(scope, str):
        raise TokenRefused("the token's scope must be a text of words")
    for name in ("exp", "nbf", "iat"):
        _check_moment(name, payload.get(name, 0))
    for name, text in (("sub", payload["sub"]), ("jti", token_id or "-")):
        if not isinstance(text, str) or not 0 < len(text) <= _MOST_TEXT or not text.isprintable():
            raise TokenRefused(f"the token's {name} must be a text of 1 to {_MOST_TEXT} printable characters")
    if not _names([payload["org"]]):
        raise TokenRefused("the token's org must be an organization id")
    if venues != "*" and not (isinstance(venues, list) and _names(venues)):
        raise TokenRefused("the token's venues must be a list of venue ids, or *")
    return Claims(
        subject=payload["sub"],
        organization_id=payload["org"],
        venues=None if venues == "*" else frozenset(venues),
        scopes=frozenset(scope.split()),
        expires_at=int(payload["exp"]),
        token_id=token_id,
    )


def _check_moment(name: str, moment: object) -> None:
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not isfinite(moment):
        raise TokenRefused(f"the token's {name} must be a number of seconds since 1970")


def _names(texts: list[Any]) -> bool:
    return all(isinstance(text, str) and is_name(text) for text in texts)
