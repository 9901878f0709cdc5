"""A remembered token is worth no more than one that is verified anew: keys, expiry and revocation count each time."""

from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from order_contracts import tokens as contract
from order_contracts.claims import TokenRefused, issue
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens
from order_contracts.verified import VerifiedTokens

SECRET = "a secret of at least thirty-two bytes"


async def no_fetch(_: str) -> bytes:
    raise AssertionError("nothing is fetched")


async def tokens_of(revoked: Path | None = None) -> Tokens:
    settings = TokenSettings(jwt_secret=SECRET, revoked_tokens_file=revoked)
    tokens = Tokens(settings, fetch=no_fetch, complain=print)
    await tokens.start()
    return tokens


def signed(lifetime_seconds: int = 60, subject: str = "till") -> str:
    return issue(
        secret=SECRET,
        subject=subject,
        organization_id="org-1",
        venues=["bar"],
        scopes=["orders:read"],
        now=datetime.now(UTC),
        lifetime_seconds=lifetime_seconds,
        token_id="t1",
    )


async def test_a_signature_is_checked_once() -> None:
    verified, token = VerifiedTokens(await tokens_of()), signed()
    with patch.object(contract, "verify", wraps=contract.verify) as verifying:
        assert [(await verified.claims(token)).subject for _ in range(3)] == ["till"] * 3
    assert verifying.call_count == 1


async def test_no_more_are_remembered_than_there_may_be() -> None:
    verified = VerifiedTokens(await tokens_of(), most=2)
    for number in range(5):
        await verified.claims(signed(subject=f"till-{number}"))
        assert len(verified._known) <= 2


async def test_a_remembered_token_expires() -> None:
    now = datetime.now(UTC).timestamp()
    verified, token = VerifiedTokens(await tokens_of(), clock=lambda: now), signed()
    await verified.claims(token)
    now += 71
    with pytest.raises(TokenRefused, match="expired"):
        await verified.claims(token)


async def test_a_remembered_token_is_revoked(tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.touch()
    tokens = await tokens_of(revoked)
    verified, token = VerifiedTokens(tokens), signed()
    await verified.claims(token)
    revoked.write_text("t1\n")
    await tokens.start()
    with pytest.raises(TokenRefused, match="revoked"):
        await verified.claims(token)


async def test_a_token_is_verified_again_once_the_keys_have_been_read_anew() -> None:
    tokens = await tokens_of()
    verified, token = VerifiedTokens(tokens), signed()
    await verified.claims(token)
    refused = patch.object(contract, "verify", side_effect=TokenRefused("signed with another key"))
    with patch.object(Tokens, "keys", contract.keys_of_secret("another secret of thirty-two bytes")), refused as asked:
        with pytest.raises(TokenRefused, match="another key"):
            await verified.claims(token)
        assert asked.call_count == 1
