"""Who watches: every connection, whatever its transport, with the claims that let it in."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

from order_contracts.claims import LEEWAY_SECONDS, Claims
from order_contracts.tokens import REVOKED

EXPIRED = "the token has expired: get a new one"


class Watcher(Protocol):
    """One connection. It is told things in the order in which they are said."""

    id: str
    claims: Claims
    transport: str

    def rooms(self) -> Collection[str]:
        """Name the rooms that it is in."""

    def tell(self, name: str, body: dict[str, Any]) -> None:
        """Send it an event."""

    async def send_away(self, reason: str) -> None:
        """Say that it is signed out, and end it: its client should not come back by itself."""

    async def hang_up(self) -> None:
        """End it behind what it has been told, so that its client comes back by itself."""


class Watchers:
    """The connections of this replica. Invariant: each has claims that were verified."""

    def __init__(self) -> None:
        self._all: dict[str, Watcher] = {}

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Watcher]:
        """Give them as they are now: they may come and go while the caller walks through."""
        return iter(list(self._all.values()))

    def add(self, watcher: Watcher) -> None:
        """Take one in."""
        self._all[watcher.id] = watcher

    def remove(self, watcher_id: str) -> None:
        """Forget one, if it is known."""
        self._all.pop(watcher_id, None)

    def outstayed(self, now: float, is_revoked: Callable[[Claims], bool]) -> list[tuple[Watcher, str]]:
        """Name those whose token has run out, the leeway included, or has been revoked, and say which."""
        return [
            (watcher, EXPIRED if seconds_left(watcher.claims, now) <= 0 else REVOKED)
            for watcher in self
            if seconds_left(watcher.claims, now) <= 0 or is_revoked(watcher.claims)
        ]


def seconds_left(claims: Claims, now: float) -> float:
    """Give how long a connection with these claims may stay, in seconds; `now` since 1970."""
    return max(0.0, claims.expires_at + LEEWAY_SECONDS - now)
