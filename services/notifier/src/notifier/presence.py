"""Who watches which room, counted: on this replica, and summed over all of them. Pure.

An operator asks it before blaming a kitchen: is anybody watching the grill?
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from notifier.watchers import Watcher
from order_contracts.channels import Room
from order_contracts.claims import Claims

Watching = tuple[str, str, str, str, str]
"""Organization, venue (empty for an organization's room), room, subject, transport."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What one replica sees; `at` is in seconds since 1970."""

    replica: str
    at: float
    watching: Mapping[Watching, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give it as other replicas read it."""
        return {"replica": self.replica, "at": self.at, "watching": [[*key, n] for key, n in self.watching.items()]}

    @classmethod
    def from_json(cls, body: Any) -> "Presence":
        """Read what another replica wrote. Raises ValueError, TypeError or KeyError on anything else."""
        watching = {(o, v, r, s, t): int(n) for o, v, r, s, t, n in body["watching"]}
        return cls(str(body["replica"]), float(body["at"]), watching)


def observe(replica: str, watchers: Iterable[Watcher], at: float) -> Presence:
    """Count who watches here. Somebody who is connected and in no room counts under no room's name."""
    found: Counter[Watching] = Counter()
    for watcher in watchers:
        claims = watcher.claims
        for room in watcher.rooms() or [""]:
            found[claims.organization_id, _venue_of(room, claims), room, claims.subject, watcher.transport] += 1
    return Presence(replica, at, found)


def report(presences: Iterable[Presence], claims: Claims, room: str | None = None) -> dict[str, Any]:
    """Give what the bearer of `claims` may know: their organization's rooms, of their venues where these are listed."""
    replicas, rooms = [], dict[str, dict[str, Any]]()
    for presence in presences:
        seen = {key: count for key, count in presence.watching.items() if _may_know(claims, key)}
        replicas.append({"replica": presence.replica, "at": presence.at, "watchers": sum(seen.values())})
        for (_, _, name, subject, transport), count in seen.items():
            if room is None or name == room:
                told = rooms.setdefault(name, {"room": name, "watchers": 0, "subjects": {}, "transports": {}})
                told["watchers"] += count
                told["subjects"][subject] = told["subjects"].get(subject, 0) + count
                told["transports"][transport] = told["transports"].get(transport, 0) + count
    return {"replicas": replicas, "rooms": [rooms[name] for name in sorted(rooms)]}


def _may_know(claims: Claims, key: Watching) -> bool:
    organization, venue, *_ = key
    return organization == claims.organization_id and (claims.venues is None or venue in claims.venues)


def _venue_of(room: str, claims: Claims) -> str:
    if not room:
        return next(iter(claims.venues)) if claims.venues is not None and len(claims.venues) == 1 else ""
    parsed = Room.parse(room)
    if parsed.kind == "order":
        return next(iter(claims.venues or ("",)))
    return parsed.id if parsed.kind == "venue" else ""
