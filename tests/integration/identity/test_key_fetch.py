"""An identity provider that misbehaves costs a service no more than a line in its log. Each has its own fetch."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

import notifier.key_fetch
import order_api.key_fetch
import projector.key_fetch
from infra.key_provider import KeyProvider, key_provider
from order_contracts.keys import keys_of_jwks
from order_contracts.reloaded import NotReadable

SERVICES = [order_api.key_fetch, projector.key_fetch, notifier.key_fetch]


@pytest.fixture
def provider() -> Iterator[KeyProvider]:
    with key_provider() as published:
        yield published


@pytest.mark.parametrize("service", SERVICES)
async def test_keys_are_fetched(service: Any, provider: KeyProvider) -> None:
    provider.publish("one", "two")
    assert [key.kid for key in keys_of_jwks(await service.fetch_keys(provider.url)).keys] == ["one", "two"]


@pytest.mark.parametrize("service", SERVICES)
async def test_an_answer_that_is_no_list_of_keys_is_said_to_be_none(service: Any, provider: KeyProvider) -> None:
    provider.status = 500
    with pytest.raises(NotReadable, match="answers 500"):
        await service.fetch_keys(provider.url)
    provider.status, provider.headers = 302, {"Location": "http://169.254.169.254/"}
    with pytest.raises(NotReadable, match="answers 302"):
        await service.fetch_keys(provider.url)
    provider.status, provider.body = 200, b"x" * (256 * 1024 + 1)
    with pytest.raises(NotReadable, match="over 262144 bytes"):
        await service.fetch_keys(provider.url)


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_and_a_silent_one_are_given_up(
    service: Any, provider: KeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotReadable, match="does not answer"):
        await service.fetch_keys("http://127.0.0.1:1/jwks")
    monkeypatch.setattr(service, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotReadable, match="does not answer"):
        await asyncio.wait_for(service.fetch_keys(f"http://127.0.0.1:{silent.getsockname()[1]}/jwks"), 5)
