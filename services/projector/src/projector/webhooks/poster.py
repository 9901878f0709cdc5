"""Posts to a receiver: bounded in time and size, no redirect followed, and only to addresses that are permitted.

The check is on the address that is connected to, after the name was resolved and before a byte is sent: a name that
leads elsewhere the next time leads nowhere.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpcore
import httpx

from projector.networks import Network
from projector.webhooks.addresses import permitted
from projector.webhooks.answers import Answer, answer_of, unanswered

ATTEMPT_SECONDS = 15.0  # what the specification asks receivers to answer within, at most
_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 15.0
_MOST_BYTES = 4096  # of an answer: enough to tell an operator what is wrong
_RESOLVERS = 32  # threads of our own: names that nobody answers for must not hold up others
_TIMEOUTS = {"connect": _CONNECT_SECONDS, "read": ATTEMPT_SECONDS, "write": ATTEMPT_SECONDS, "pool": ATTEMPT_SECONDS}


class _NotPermitted(httpcore.ConnectError):
    """The name leads to no address that may be connected to."""


class _Guarded(httpcore.AsyncNetworkBackend):
    """Resolves names itself, and connects to what it has checked. TLS still asks for the name."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed, self._inner = allowed, httpcore.AnyIOBackend()
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, "resolver")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address that takes the connection."""
        failure: Exception = _NotPermitted(
            f"{host} leads to no public address: private, local and reserved ones are refused (WEBHOOKS_ALLOW_NETWORKS)"
        )
        for address in await self._resolved(host, port):
            if permitted(address, self._allowed):
                try:
                    return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
        raise failure

    async def _resolved(self, host: str, port: int) -> list[str]:
        def resolve() -> list[str]:
            return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        try:
            return await asyncio.get_running_loop().run_in_executor(self._resolvers, resolve)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} can't be resolved: {error}") from error

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Let the threads go without waiting for names."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)


class Poster:
    """One pool of connections. How many there are is bounded by who posts: some at a time an endpoint."""

    def __init__(self, allowed: Sequence[Network], *, allow_http: bool) -> None:
        self._backend, self._allow_http = _Guarded(allowed), allow_http
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_keepalive_connections=100,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=self._backend,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one attempt. Whatever the receiver does is an answer; never raises for it."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await self._attempt(httpx.URL(url), headers, body)
        except (TimeoutError, httpcore.TimeoutException) as error:
            return unanswered(f"no answer in time ({type(error).__name__})")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            return unanswered(f"{type(error).__name__.lstrip('_')}: {error}"[:300])

    async def close(self) -> None:
        """Hang up."""
        await self._pool.aclose()
        self._backend.close()

    async def _attempt(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> Answer:
        if url.scheme != "https" and not self._allow_http:
            return unanswered("plain http is not allowed (WEBHOOKS_ALLOW_HTTP)")
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self._pool.stream(
            "POST", target, headers=sent, content=body, extensions={"timeout": _TIMEOUTS}
        ) as response:
            said = await _beginning(response)
            retry_after = next((v for n, v in response.headers if n.lower() == b"retry-after"), None)
            asked = None if retry_after is None else retry_after.decode("ascii", "replace")
            return answer_of(response.status, asked, said, datetime.now(UTC))


async def _beginning(response: httpcore.Response) -> bytes:
    """Read the first bytes of an answer's body. That it breaks off changes nothing: the status has been said."""
    said = b""
    try:
        async with asyncio.timeout(1):
            async for part in response.aiter_stream():
                said += part
                if len(said) >= _MOST_BYTES:
                    break
    except (TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    return said[:_MOST_BYTES]
