"""Fetches the keys of an identity provider: bounded in time and size, and from nowhere else than it was told."""

import asyncio

import httpx

from order_contracts.reloaded import NotReadable

_MOST_BYTES = 256 * 1024
_SECONDS = 5.0


async def fetch_keys(url: str) -> bytes:
    """Fetch a JWKS document. Raises NotReadable."""
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise NotReadable(f"JWT_JWKS_URL {url} answers {answer.status_code}, not 200: is it the right one?")
            return await _read(url, answer)
    except (httpx.HTTPError, TimeoutError) as error:
        raise NotReadable(f"JWT_JWKS_URL {url} does not answer ({error!r}): it is tried again") from error


async def _read(url: str, answer: httpx.Response) -> bytes:
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > _MOST_BYTES:
            raise NotReadable(f"JWT_JWKS_URL {url} sends over {_MOST_BYTES} bytes: that is no list of keys")
    return body
