"""A token that was good once is not good for ever: not past its time, its key, or its revocation."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from limits import parse

from order_api.identity import Identity
from order_api.order_book import OrderBook
from order_api.problems import Problem
from order_api.rates import Rates
from order_contracts.claims import LEEWAY_SECONDS, Claims, issue
from order_contracts.keys import KeySet, keys_of_secret
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens

SECRET = "a-secret-of-thirty-two-bytes-at-least"
START = datetime.now(UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Door:
    """An identity whose keys, revocations and time a test can change."""

    def __init__(self, limit: str = "1000/minute") -> None:
        async def fetch(_: str) -> bytes:
            raise AssertionError

        self.tokens = Tokens(TokenSettings(jwt_secret=SECRET), fetch=fetch, complain=print)
        self.clock = Clock()
        self.identity = Identity(self.tokens, Rates(parse(limit)), OrderBook(), self.clock)

    async def open(self) -> "Door":
        await self.tokens.start()
        return self

    def change_keys(self, keys: KeySet) -> None:
        self.tokens._keys.value = keys

    def revoke(self, *token_ids: str) -> None:
        self.tokens._revoked.value = frozenset(token_ids)

    async def admit(self, *headers: str) -> Any:
        state: dict[str, object] = {}
        await self.identity.admit([(b"authorization", header.encode()) for header in headers], state)
        return state.get("claims")

    async def refusal(self, *headers: str) -> Problem:
        with pytest.raises(Problem) as refused:
            await self.admit(*headers)
        return refused.value


def bearer(venues: Iterable[str] = ("v1",)) -> str:
    signed = issue(
        secret=SECRET,
        subject="pos",
        organization_id="org",
        venues=venues,
        scopes=["orders:write"],
        now=START,
        lifetime_seconds=600,
        token_id="t1",
    )
    return f"Bearer {signed}"


async def test_a_remembered_token_ends_with_its_time() -> None:
    door = await Door().open()
    assert isinstance(await door.admit(bearer()), Claims)
    door.clock.now = START + timedelta(seconds=600 + LEEWAY_SECONDS)
    refused = await door.refusal(bearer())
    assert (refused.status, refused.code) == (401, "unauthorized")
    assert "expired" in refused.detail


async def test_a_remembered_token_ends_with_its_key() -> None:
    door = await Door().open()
    assert isinstance(await door.admit(bearer()), Claims)
    door.change_keys(keys_of_secret(SECRET[::-1]))
    assert "not valid" in (await door.refusal(bearer())).detail


async def test_a_remembered_token_ends_when_it_is_revoked() -> None:
    door = await Door().open()
    assert isinstance(await door.admit(bearer()), Claims)
    door.revoke("t1")
    assert "revoked" in (await door.refusal(bearer())).detail


async def test_a_remembered_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    door = await Door().open()
    first = await door.admit(bearer())
    monkeypatch.setattr(door.tokens, "_verified", None)
    assert await door.admit(bearer()) is first


async def test_every_request_of_a_token_counts() -> None:
    door = await Door("2/minute").open()
    await door.admit(bearer())
    await door.admit(bearer())
    assert (await door.refusal(bearer())).code == "rate_limited"


async def test_who_sends_no_token_or_two_is_nobody() -> None:
    door = await Door().open()
    assert await door.admit() is None
    assert "one Authorization" in (await door.refusal(bearer(), bearer())).detail
    for odd in ("", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token x"):
        assert (await door.refusal(odd)).status == 401


async def test_before_the_keys_are_there_the_answer_is_to_try_again() -> None:
    refused = await Door().refusal(bearer())
    assert (refused.status, refused.code) == (503, "try_again")
    assert dict(refused.headers or {}) == {"Retry-After": "1"}
