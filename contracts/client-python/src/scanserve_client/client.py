"""The client: one method a verb, each sent with one Idempotency-Key until there is an answer or time is up."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from time import monotonic
from typing import Any, Self
from uuid import uuid4

import httpx

from scanserve_client.outcomes import Answer, NoAnswer, Refused
from scanserve_client.retrying import Retrying, seconds_asked

_TIMEOUT_SECONDS = 10.0
_CONNECTIONS = 100


class OrderClient:
    """Talks to one or more replicas of order-api; after a failure the next one is tried.

    Every method raises Refused (do not repeat) or NoAnswer (repeat with its key). Keys are made where none is given;
    give your own, such as the ticket's number, if your process may die between two tries. `on_failure` is told of
    each try that failed; `transport` is httpx's, for a proxy or a test.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        token: str,
        *,
        retrying: Retrying | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        on_failure: Callable[[str], None] | None = None,
    ) -> None:
        self._urls = cycle([urls] if isinstance(urls, str) else list(urls))
        self._retrying, self._on_failure = retrying or Retrying(), on_failure
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_SECONDS,
            transport=transport,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        )

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def place(self, venue_id: str, order: Mapping[str, Any], *, key: str | None = None) -> Answer:
        """Place an order, given as the API's PlaceOrder."""
        return await self._send(f"/v1/venues/{venue_id}/orders", order, key, None)

    async def read(self, venue_id: str, order_id: str) -> Answer:
        """Read an order, as new as anything that was answered before."""
        return await self._send(f"/v1/venues/{venue_id}/orders/{order_id}", None, None, None, method="GET")

    async def act(
        self,
        venue_id: str,
        order_id: str,
        verb: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_version: int | None = None,
    ) -> Answer:
        """Do `verb` to an order: accept, start, items/{line}/ready, complete, … With `if_version`, on that one only."""
        return await self._send(f"/v1/venues/{venue_id}/orders/{order_id}/{verb}", body, key, if_version)

    async def accept(self, venue_id: str, order_id: str, *, key: str | None = None) -> Answer:
        """Take a placed order."""
        return await self.act(venue_id, order_id, "accept", key=key)

    async def reject(self, venue_id: str, order_id: str, reason: str, *, key: str | None = None) -> Answer:
        """Turn a placed order down."""
        return await self.act(venue_id, order_id, "reject", {"reason": reason}, key=key)

    async def start(self, venue_id: str, order_id: str, *, key: str | None = None) -> Answer:
        """Start to prepare all lines."""
        return await self.act(venue_id, order_id, "start", key=key)

    async def item_ready(self, venue_id: str, order_id: str, line_id: str, *, key: str | None = None) -> Answer:
        """Bump one line."""
        return await self.act(venue_id, order_id, f"items/{line_id}/ready", key=key)

    async def ready(self, venue_id: str, order_id: str, *, key: str | None = None) -> Answer:
        """Bump all lines."""
        return await self.act(venue_id, order_id, "ready", key=key)

    async def complete(self, venue_id: str, order_id: str, *, key: str | None = None) -> Answer:
        """Hand the order over."""
        return await self.act(venue_id, order_id, "complete", key=key)

    async def cancel(self, venue_id: str, order_id: str, reason: str, *, key: str | None = None) -> Answer:
        """Call an open order off."""
        return await self.act(venue_id, order_id, "cancel", {"reason": reason}, key=key)

    async def recall(self, venue_id: str, order_id: str, *, key: str | None = None) -> Answer:
        """Take a ready or completed order back to preparing."""
        return await self.act(venue_id, order_id, "recall", key=key)

    async def _send(
        self, path: str, body: Any, key: str | None, if_version: int | None, *, method: str = "POST"
    ) -> Answer:
        key = key or uuid4().hex
        headers = {"Idempotency-Key": key} if method == "POST" else {}
        if if_version is not None:
            headers["If-Match"] = f'"v{if_version}"'
        began, attempt = monotonic(), 0
        while True:
            last, retry_after = "", None
            try:
                response = await self._http.request(method, next(self._urls) + path, json=body, headers=headers)
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if response.is_success:
                    return Answer.read(response.json(), response.headers)
                if not self._retrying.worth(response.status_code):
                    raise Refused(response.status_code, _problem(response))
                last, retry_after = f"{response.status_code}", seconds_asked(response.headers)
            if self._on_failure is not None:
                self._on_failure(last)
            pause = self._retrying.pause(attempt, random.random(), retry_after)  # noqa: S311  # jitter, no secret
            if monotonic() - began + pause > self._retrying.give_up_after:
                raise NoAnswer(key, last)
            await asyncio.sleep(pause)
            attempt += 1


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
