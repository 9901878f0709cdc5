"""A staff screen without the glass: a listener in its venue's room that fetches snapshots and takes the time."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import httpx

from local_stack.demo.ledger import Ledger, Seen
from local_stack.demo.room_listener import RoomListener

_FETCH_SECONDS = 5
_PAUSE_SECONDS = 0.2


class Screen:
    """One screen of one venue, on whichever of `notifiers` answers, the first one first."""

    def __init__(
        self, name: str, venue_id: str, *, token: str, notifiers: Sequence[str], query_url: str, ledger: Ledger
    ) -> None:
        self.name, self.venue_id = name, venue_id
        self._notifiers, self._ledger = tuple(notifiers), ledger
        self._address = f"{query_url}/v1/venues/{venue_id}/snapshot"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._listener = RoomListener(token, f"venue:{venue_id}", snapshot=self._snapshot, on_applied=self._clock)

    @property
    def following(self) -> asyncio.Event:
        """Set while the screen is in its room."""
        return self._listener.following

    @property
    def batches(self) -> int:
        """How many batches it was sent."""
        return len(self._listener.batches)

    @property
    def connections(self) -> int:
        """How often it has connected."""
        return self._listener.connections

    def seen(self) -> Seen:
        """Give what this screen shows, for the check."""
        listener = self._listener
        return Seen(self.name, self.venue_id, listener.orders, listener.resyncs > 1, listener.gaps)

    async def follow(self) -> None:
        """Follow until cancelled, from the first snapshot on."""
        while self._listener.position is None:
            with suppress(httpx.HTTPError):
                await self._listener.resync()
            await asyncio.sleep(_PAUSE_SECONDS)
        await self._listener.follow(self._notifiers)

    async def _snapshot(self) -> dict[str, Any]:
        async with httpx.AsyncClient(headers=self._headers, timeout=_FETCH_SECONDS) as http:
            response = await http.get(self._address)
        return dict(response.raise_for_status().json())

    def _clock(self, event: dict[str, Any]) -> None:
        sent = self._ledger.sent_at.get(event["id"])
        if sent is not None:
            self._ledger.screen_seconds.append(monotonic() - sent)
