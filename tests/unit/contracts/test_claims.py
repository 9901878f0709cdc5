"""Tokens: what is refused, and what a token allows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from order_contracts.claims import TokenRefused, issue, verify
from order_contracts.keys import keys_of_secret

SECRET = "a-secret-of-thirty-two-bytes-at-least"
NOW = datetime.now(UTC)


def token(**changes: Any) -> str:
    arguments: dict[str, Any] = {
        "secret": SECRET,
        "subject": "pos-1",
        "organization_id": "org",
        "venues": ["v1"],
        "scopes": ["orders:read"],
        "now": NOW,
        "lifetime_seconds": 3000,  # of a suite that may be slow
    }
    return issue(**{**arguments, **changes})


def test_a_token_allows_its_scopes_at_its_venues_and_nothing_else() -> None:
    claims = verify(token(), keys_of_secret(SECRET))
    assert claims.refusal("orders:read", "v1") is None
    assert claims.refusal("orders:read", "v2") == "the token is not for venue v2"
    assert claims.refusal("orders:write", "v1") == "the token has no scope orders:write"


def test_a_star_allows_the_venues_that_are_known_to_be_of_the_organization() -> None:
    claims = verify(token(venues="*"), keys_of_secret(SECRET))
    assert claims.refusal("orders:read", "any", venue_organization="org") is None
    assert "not known to be of organization org" in (claims.refusal("orders:read", "any", "other") or "")
    assert "name it in the token" in (claims.refusal("orders:read", "any") or "")


def test_admin_allows_all_scopes_but_no_other_venue() -> None:
    claims = verify(token(scopes=["admin"]), keys_of_secret(SECRET))
    assert claims.refusal("orders:write", "v1") is None
    assert claims.refusal("orders:write", "v2") is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"now": NOW - timedelta(hours=1)}, "expired"),
        ({"secret": "another-secret-of-thirty-two-bytes-or-more"}, "Signature"),
        ({"audience": "other"}, "[Aa]udience"),
        ({"issuer": "other"}, "issuer"),
    ],
)
def test_a_false_token_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenRefused, match=reason):
        verify(token(**changes), keys_of_secret(SECRET))


def test_the_token_does_not_choose_how_it_is_checked() -> None:
    payload = {
        "sub": "x",
        "org": "o",
        "venues": "*",
        "scope": "admin",
        "exp": 2**33,
        "iss": "scanserve",
        "aud": "scanserve",
    }
    for forged in (jwt.encode(payload, None, algorithm="none"), jwt.encode(payload, SECRET * 2, algorithm="HS512")):
        with pytest.raises(TokenRefused):
            verify(forged, keys_of_secret(SECRET))


@pytest.mark.parametrize("missing", ["exp", "sub", "org", "venues", "scope"])
def test_an_incomplete_token_is_refused(missing: str) -> None:
    payload = jwt.decode(token(), SECRET, algorithms=["HS256"], audience="scanserve")
    del payload[missing]
    with pytest.raises(TokenRefused, match=missing):
        verify(jwt.encode(payload, SECRET), keys_of_secret(SECRET))


@pytest.mark.parametrize("wrong", [{"venues": "v1"}, {"venues": [1]}, {"org": 7}, {"scope": ["a"]}])
def test_claims_of_the_wrong_shape_are_refused(wrong: dict[str, Any]) -> None:
    payload = jwt.decode(token(), SECRET, algorithms=["HS256"], audience="scanserve")
    with pytest.raises(TokenRefused, match="must be"):
        verify(jwt.encode({**payload, **wrong}, SECRET), keys_of_secret(SECRET))
