"""A client of the query API, and the API itself as a task of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from infra.eventually import eventually
from local_stack.ports import unused_port
from order_contracts.claims import issue
from projector.serving import serve
from projector.settings import ServeSettings

SECRET = "a secret of at least thirty-two bytes"


def token(venues: list[str] | Literal["*"], *, scopes: tuple[str, ...] = ("orders:read",), **more: Any) -> str:
    """Sign a token for an hour."""
    claims: dict[str, Any] = {"organization_id": "org-1", "subject": "test", "lifetime_seconds": 3600, **more}
    return issue(secret=SECRET, venues=venues, scopes=scopes, now=datetime.now(UTC), **claims)


@asynccontextmanager
async def query_api(database_url: str, partitions: int, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve, and give a client whose token is for the venue `bar`."""
    port = unused_port()
    settings = ServeSettings(
        database_url=database_url,
        orders_partitions=partitions,
        http_port=port,
        jwt_secret=SECRET,
        cors_origins="https://staff.example",
        **more,
    )
    serving = asyncio.create_task(serve(settings))
    headers = {"Authorization": f"Bearer {token(['bar', 'kiosk'])}"}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

            async def listening() -> bool:
                try:
                    return (await client.get("/livez")).is_success
                except httpx.TransportError as error:
                    raise AssertionError(str(error)) from error

            await eventually(listening, what="the query API")
            yield client
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
