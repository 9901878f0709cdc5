"""Stays in a room through a bad evening: snapshot, fold, resume, newer tokens, other replicas. The whole of it.

What must not break: the orders that are shown are those of some moment of the log, and catch up; while that can't be
said, the status says so.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import cycle
from time import monotonic
from typing import Any

import httpx
import socketio

from scanserve_client.feed import Event
from scanserve_client.retrying import Retrying, seconds_asked
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import Answer, ConnectionRefused, Transport

TokenSource = Callable[[], Awaitable[str]]
Document = dict[str, Any]
Ask = Callable[[str], Awaitable[Document]]
Orders = Mapping[str, Mapping[str, Any]]
_PASSING = (ConnectionRefused, TimeoutError, socketio.exceptions.SocketIOError, httpx.HTTPError)
_REFRESH_BEFORE_SECONDS = 30.0
_FETCH_SECONDS = 5.0
_AGAIN_SECONDS = 0.2


class Status(StrEnum):
    """How far what is shown can be trusted."""

    CONNECTING = "connecting"  # nothing is shown yet
    LIVE = "live"
    STALE = "stale"  # connected, but the notifier does not hear from the log
    AWAY = "away"  # not connected: shown is what was last known


class SignedOut(Exception):
    """The notifier does not take the token, or an operator has ended the connection; the text says why."""


class RoomFollower:
    """Follows a room until cancelled. `listener` has what is known.

    `token` is a text, or is asked for one at every connection and before it runs out. Notifiers are tried in turn.
    `snapshot` gives `{position, orders}` and `order` one order's document, each asked with the token of the moment;
    without a snapshot the room is followed from now on, and without `order` what is first heard of in mid-life stays
    unknown.
    """

    def __init__(
        self,
        room: str,
        *,
        notifier_urls: Sequence[str],
        token: str | TokenSource,
        snapshot: Ask | None = None,
        order: Callable[[str, str], Awaitable[Document]] | None = None,
        transport: Transport = "socketio",
        on_orders: Callable[[Orders], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
        on_status: Callable[[Status], None] | None = None,
        retrying: Retrying | None = None,
    ) -> None:
        self._urls, self._token = cycle(notifier_urls), token
        self._order, self._retrying = order, retrying or Retrying(first_pause=0.2, longest_pause=2.0)
        self._on_orders, self._on_status = on_orders, on_status
        self.status, self._refresh_at = Status.CONNECTING, math.inf
        self.listener = listener = RoomListener("", room, transport=transport, on_applied=on_event)
        if snapshot is not None:
            listener.snapshot = lambda: snapshot(listener.token)

    async def run(self) -> None:
        """Follow until cancelled. Raises SignedOut."""
        attempt = 0
        while True:
            asked = None
            try:
                await self._stay()
                attempt = 0
            except _PASSING as error:
                if isinstance(error, ConnectionRefused) and error.final and isinstance(self._token, str):
                    raise SignedOut(str(error)) from error
                attempt, asked = attempt + 1, _asked(error)
            self._say(Status.CONNECTING if self.listener.position is None else Status.AWAY)
            await asyncio.sleep(self._retrying.pause(attempt, random.random(), asked))  # noqa: S311  # jitter, no secret

    async def _stay(self) -> None:
        """Connect, and follow for as long as this connection lasts; a cut feed begins anew from a snapshot."""
        listener = self.listener
        listener.token = self._token if isinstance(self._token, str) else await self._token()
        if listener.snapshot is not None and (listener.position is None or listener.cut):
            await listener.resync()
        elif listener.cut:
            listener.begin({"position": None, "orders": []})
        try:
            await listener.connect(next(self._urls))
            await self._enter()
            while not (listener.gone or listener.cut):
                await self._attend()
        finally:
            await listener.drop()
        if listener.signed_out and isinstance(self._token, str):
            raise SignedOut(listener.signed_out[-1])

    async def _enter(self) -> None:
        answer = await self.listener.subscribe()
        if "error" in answer:
            raise ConnectionRefused(str(answer["error"]), final=True)
        if "position" not in answer:
            self.listener.cut = True
            raise ConnectionRefused("the snapshot is older than what the notifier holds")
        self._plan_refresh(answer)

    async def _attend(self) -> None:
        """Show what is known, then wait for more, or for the time to get a newer token."""
        listener = self.listener
        listener.stirred.clear()
        if self._order is not None and listener.feed.strangers:
            await self._fetch_strangers(self._order)
        stale = bool(listener.feed_status) and listener.feed_status[-1]["stale"]
        self._say(Status.STALE if stale else Status.LIVE)
        if self._on_orders is not None:
            self._on_orders(listener.orders)
        strangers = self._order is not None and bool(listener.feed.strangers)
        patience = min(self._refresh_at - monotonic(), _AGAIN_SECONDS if strangers else math.inf)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if patience == math.inf else max(0.0, patience)):
                await listener.stirred.wait()
        if monotonic() >= self._refresh_at and not isinstance(self._token, str) and not listener.gone:
            await self._refresh(await self._token())

    async def _refresh(self, token: str) -> None:
        """Go on with a newer token; where the connection can't, end it: the next one begins with a new one."""
        answer = await self.listener.wire.refresh(token)
        if answer is None or "error" in answer:
            await self.listener.drop()
        else:
            self._plan_refresh(answer)

    def _plan_refresh(self, answer: Answer) -> None:
        left = math.inf if isinstance(self._token, str) else answer.get("expires_in", math.inf)
        self._refresh_at = monotonic() + max(left * 0.5, left - _REFRESH_BEFORE_SECONDS)

    async def _fetch_strangers(self, order: Callable[[str, str], Awaitable[Document]]) -> None:
        """Fetch orders first heard of in mid-life; the rows may be behind the events, then they are asked again."""
        for order_id in list(self.listener.feed.strangers):
            with suppress(httpx.HTTPError):
                self.listener.feed.adopt(await order(self.listener.token, order_id))

    def _say(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            if self._on_status is not None:
                self._on_status(status)


def _asked(error: Exception) -> float | None:
    """Say in how many seconds whoever refused asked to come again."""
    if isinstance(error, ConnectionRefused):
        return error.retry_after
    return seconds_asked(error.response.headers) if isinstance(error, httpx.HTTPStatusError) else None


class VenueRows:
    """A venue's rows as the query API gives them: what a follower begins with."""

    def __init__(self, query_url: str, venue_id: str) -> None:
        self._address = f"{query_url}/v1/venues/{venue_id}"

    async def snapshot(self, token: str) -> Document:
        """Give the open orders and the position at which they are true. Raises httpx.HTTPError."""
        return await self._get(token, "snapshot")

    async def order(self, token: str, order_id: str) -> Document:
        """Give one order. Raises httpx.HTTPError."""
        return await self._get(token, f"orders/{order_id}")

    async def _get(self, token: str, what: str) -> Document:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(headers=headers, timeout=_FETCH_SECONDS) as http:
            response = await http.get(f"{self._address}/{what}")
        return dict(response.raise_for_status().json())


async def follow_venue(
    venue_id: str,
    *,
    notifier_urls: Sequence[str],
    query_url: str,
    token: str | TokenSource,
    on_orders: Callable[[Orders], None],
    on_status: Callable[[Status], None] | None = None,
    transport: Transport = "socketio",
) -> None:
    """Follow a venue until cancelled: `on_orders` is given its orders, by id, whenever they changed.

    Raises SignedOut when the notifier does not take the token, and there is no source of newer ones.
    """
    rows = VenueRows(query_url, venue_id)
    follower = RoomFollower(
        f"venue:{venue_id}",
        notifier_urls=notifier_urls,
        token=token,
        snapshot=rows.snapshot,
        order=rows.order,
        transport=transport,
        on_orders=on_orders,
        on_status=on_status,
    )
    await follower.run()
