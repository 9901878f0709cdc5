"""A replica with keys from an identity provider: it waits for the first, follows new ones, outlives an outage."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt

from infra.eventually import eventually
from infra.key_provider import key_provider
from infra.pos_client import ORGANIZATION, PosClient
from infra.services import Backing
from integration.order_api.conftest import PARTITIONS, program
from local_stack.ports import HOST, free_ports
from local_stack.program import always_ready

VENUE = "keys"


def signed(key: Any, kid: str) -> str:
    payload = {
        "sub": "pos",
        "org": ORGANIZATION,
        "venues": [VENUE],
        "scope": "orders:write",
        "exp": int(datetime.now(UTC).timestamp()) + 600,
        "iss": "https://id.example/",
        "aud": "orders",
    }
    return jwt.encode(payload, key, "ES256", {"kid": kid})


async def placed(url: str, key: Any, kid: str) -> int:
    async with PosClient(VENUE, signed(key, kid)) as pos:
        return (await pos.place(url)).status_code


async def test_keys_come_late_change_and_stay_through_an_outage(backing: Backing) -> None:
    topic = backing.topic(PARTITIONS)
    name = f"order-api-keys-{topic}"
    ports = free_ports((name, "provider"), {}, {})
    settings = {"JWT_ISSUER": "https://id.example/", "JWT_AUDIENCE": "orders", "JWT_KEYS_SECONDS": "1"}
    settings["JWT_JWKS_URL"] = f"http://{HOST}:{ports['provider']}/jwks"
    planned = program(backing, name, ports[name], topic, **settings)
    environment = {variable: text for variable, text in planned.environment.items() if variable != "JWT_SECRET"}
    url = f"http://{HOST}:{ports[name]}"
    backing.run.start(replace(planned, environment=environment, is_ready=always_ready))
    try:

        async def says(words: str, probe: str = "readyz") -> bool:
            try:
                async with httpx.AsyncClient() as client:
                    return words in (await client.get(f"{url}/{probe}")).text
            except httpx.TransportError as error:
                raise AssertionError(str(error)) from error

        await eventually(lambda: says("keys that tokens are signed with"))
        assert await says("started", "startupz"), "a restart would bring no keys"
        assert "JWT_JWKS_URL" in planned.log.read_text()
        with key_provider(ports["provider"]) as provider:
            (old,) = provider.publish("old")
            assert await placed(url, old, "old") in (201, 503)
            await eventually(lambda: says("ready"))
            assert await placed(url, old, "old") == 201
            (new,) = provider.publish("new")

            async def turned() -> bool:
                return (await placed(url, new, "new"), await placed(url, old, "old")) == (201, 401)

            await eventually(turned)
        for _ in range(3):
            assert await placed(url, new, "new") == 201, "its provider is gone, its keys are not"
    finally:
        backing.run.programs[name].stop()
