"""A link opens one order and nothing else; nothing else opens an order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from order_contracts.claims import TokenRefused, issue, verify
from order_contracts.keys import keys_of_secret
from order_contracts.order_links import AUDIENCE, is_order_link, read_order_link, sign_order_link
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens

SECRET = "a-secret-of-thirty-two-bytes-at-least"
OTHER = "another-secret-of-thirty-two-bytes-or-so"
NOW = datetime.now(UTC)
ORDER = {"order_id": "order-1", "venue_id": "v1", "organization_id": "o1", "notes": "not in the token"}


def link(secret: str = SECRET, now: datetime = NOW) -> str:
    return sign_order_link(ORDER, secret=secret, token_id="j1", now=now, lifetime_seconds=3000)


def forged(**changes: Any) -> str:
    payload = jwt.decode(link(), options={"verify_signature": False})
    return jwt.encode({**payload, **changes}, SECRET, headers={"typ": "order-link+jwt"})


def test_a_link_opens_its_order_and_no_scope() -> None:
    claims = read_order_link(link(), SECRET)
    assert claims.order_refusal("order-1") is None
    assert claims.order_refusal("order-2") == "the link is not for order order-2"
    for scope in ("orders:read", "orders:write", "rooms:join", "admin", "order:follow"):
        assert claims.refusal(scope, "v1") == "the token is a link to one order: it opens nothing else"


def test_whatever_scope_a_link_names_it_opens_nothing_more() -> None:
    claims = read_order_link(forged(scope="admin rooms:join", venues=["v1"]), SECRET)
    assert claims.refusal("admin") is not None
    assert claims.refusal("rooms:join", "v1") is not None


def test_a_common_token_opens_no_order() -> None:
    token = issue(
        secret=SECRET,
        subject="s",
        organization_id="o1",
        venues=["v1"],
        scopes=["admin", "order:follow"],
        now=NOW,
        lifetime_seconds=3000,
    )
    assert not is_order_link(token)
    claims = verify(token, keys_of_secret(SECRET))
    assert "with a link" in (claims.order_refusal("order-1") or "")


@pytest.mark.parametrize(
    ("token", "secret", "words"),
    [
        (link(OTHER), SECRET, "not valid"),
        (link(now=NOW - timedelta(hours=1)), SECRET, "expired"),
        (link(), None, "not set up"),
        (forged(aud="scanserve"), SECRET, "not valid"),
        (forged(order=7), SECRET, "name an order"),
        (forged(order="../../admin"), SECRET, "name an order"),
        (forged(venues="*"), SECRET, "one venue"),
    ],
)
def test_a_false_link_is_refused_in_words(token: str, secret: str | None, words: str) -> None:
    with pytest.raises(TokenRefused, match=words):
        read_order_link(token, secret)


def test_a_link_is_no_common_token_though_the_key_is_the_same() -> None:
    with pytest.raises(TokenRefused):
        verify(link(), keys_of_secret(SECRET))
    assert jwt.decode(link(), options={"verify_signature": False})["aud"] == AUDIENCE


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 10_000, "é.é.é"])
def test_what_is_no_token_is_no_link(token: str) -> None:
    assert not is_order_link(token)


async def test_a_service_takes_both_kinds_each_with_its_key() -> None:
    settings = TokenSettings(jwt_secret=SECRET, order_link_secret=OTHER)  # type: ignore[arg-type]  # pydantic's to read

    async def fetch(_: str) -> bytes:
        raise AssertionError("nothing to fetch")

    tokens = Tokens(settings, fetch=fetch, complain=print)
    await tokens.start()
    assert (await tokens.claims(link(OTHER))).order_id == "order-1"
    with pytest.raises(TokenRefused):
        await tokens.claims(link(SECRET))
