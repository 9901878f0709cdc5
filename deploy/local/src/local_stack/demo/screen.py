"""A staff screen without the glass: follows its venue as the client library does, and takes the time."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any

from local_stack.demo.ledger import Ledger, Seen
from scanserve_client.following import RoomFollower, VenueRows
from scanserve_client.wire import Transport


class Screen:
    """One screen of one venue, on whichever of `notifiers` answers, the first one first."""

    def __init__(
        self,
        name: str,
        venue_id: str,
        *,
        token: str,
        notifiers: Sequence[str],
        query_url: str,
        ledger: Ledger,
        transport: Transport = "socketio",
    ) -> None:
        self.name, self.venue_id, self._ledger = name, venue_id, ledger
        rows = VenueRows(query_url, venue_id)
        self._follower = RoomFollower(
            f"venue:{venue_id}",
            notifier_urls=notifiers,
            token=token,
            snapshot=rows.snapshot,
            order=rows.order,
            transport=transport,
            on_event=self._clock,
        )

    @property
    def following(self) -> asyncio.Event:
        """Set while the screen is in its room."""
        return self._follower.listener.following

    @property
    def batches(self) -> int:
        """How many batches it was sent."""
        return len(self._follower.listener.batches)

    @property
    def connections(self) -> int:
        """How often it has connected."""
        return self._follower.listener.connections

    def seen(self) -> Seen:
        """Give what this screen shows, for the check."""
        listener = self._follower.listener
        return Seen(self.name, self.venue_id, listener.orders, listener.resyncs > 1, listener.gaps)

    async def follow(self) -> None:
        """Follow until cancelled, from the first snapshot on."""
        await self._follower.run()

    def _clock(self, event: dict[str, Any]) -> None:
        sent = self._ledger.sent_at.get(event["id"])
        if sent is not None:
            self._ledger.screen_seconds.append(monotonic() - sent)
