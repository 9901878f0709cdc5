"""Who may do what: the claims of a signed token (JWT, RFC 7519), the same for people, screens and POS systems."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jwt

ALGORITHM = "HS256"
SCOPES = ("orders:write", "orders:import", "orders:read", "rooms:join", "analytics:read", "admin")
LEEWAY_SECONDS = 10


class TokenRefused(Exception):
    """The token is missing, false, expired or incomplete; the text says which."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token allows. `venues` is None where it allows all of its organization's."""

    subject: str
    organization_id: str
    venues: frozenset[str] | None
    scopes: frozenset[str]
    expires_at: int

    def refusal(self, scope: str, venue_id: str | None = None, venue_organization: str | None = None) -> str | None:
        """Say why these claims do not allow `scope` (at a venue), None when they do.

        A listed venue is vouched for by the token's issuer. `*` stands for the venues of the token's organization,
        so it needs `venue_organization`: what the log or the rows say the venue belongs to.
        """
        if not self.scopes & {scope, "admin"}:
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
    return jwt.encode(payload, secret, algorithm=ALGORITHM)


def verify(token: str, *, secret: str, issuer: str = "scanserve", audience: str = "scanserve") -> Claims:
    """Check a token's signature, times, issuer and audience, and read its claims. Raises TokenRefused."""
    try:
        payload = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],  # pinned: the token does not choose how it is checked
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "org", "venues", "scope"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("the token has expired: get a new one") from error
    except jwt.InvalidTokenError as error:
        raise TokenRefused(f"the token is not valid: {error}") from error
    return _claims(payload)


def _claims(payload: dict[str, Any]) -> Claims:
    organization_id, venues, scope = payload["org"], payload["venues"], payload["scope"]
    if not isinstance(organization_id, str) or not isinstance(scope, str):
        raise TokenRefused("the token's org and scope must be texts")
    if venues != "*" and not (isinstance(venues, list) and all(isinstance(venue, str) for venue in venues)):
        raise TokenRefused("the token's venues must be a list of venue ids, or *")
    return Claims(
        subject=payload["sub"],
        organization_id=organization_id,
        venues=None if venues == "*" else frozenset(venues),
        scopes=frozenset(scope.split()),
        expires_at=int(payload["exp"]),
    )
