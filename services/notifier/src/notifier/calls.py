"""What an operator asks of connections on any replica: show a notice, or sign out. Pure, but for the doing."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from notifier.watchers import Watcher
from order_contracts.channels import NOTICE, Room
from order_contracts.claims import Claims


@dataclass(frozen=True, slots=True)
class Target:
    """Whom it is for: all that is given must fit. It never leaves the organization and venues of who asked."""

    organization_id: str
    venues: tuple[str, ...] | None = None
    room: str | None = None
    subject: str | None = None
    token_id: str | None = None

    @classmethod
    def of(cls, claims: Claims, *, room: str | None, subject: str | None, token_id: str | None) -> Self:
        """Bound a target by what the asking token allows."""
        venues = None if claims.venues is None else tuple(sorted(claims.venues))
        return cls(claims.organization_id, venues, room, subject, token_id)

    def fits(self, watcher: Watcher) -> bool:
        """Whether a connection is meant. A station's screens are their venue's, too."""
        claims = watcher.claims
        return (
            claims.organization_id == self.organization_id
            and (self.venues is None or (claims.venues is not None and claims.venues <= set(self.venues)))
            and (self.subject is None or claims.subject == self.subject)
            and (self.token_id is None or claims.token_id == self.token_id)
            and (self.room is None or any(_within(room, self.room) for room in watcher.rooms()))
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One such request. `origin` is the replica that took it, and has done its part already."""

    origin: str
    kind: Literal["notice", "sign_out"]
    target: Target
    body: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give it as other replicas read it."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read what another replica wrote. Raises TypeError, KeyError or ValueError on anything else."""
        if body["kind"] not in ("notice", "sign_out"):
            raise ValueError("a call of another release")
        target = body["target"]
        venues = target["venues"]
        bounded = Target(**{**target, "venues": None if venues is None else tuple(venues)})
        return cls(str(body["origin"]), body["kind"], bounded, dict(body["body"]))


async def carry_out(call: Call, watchers: Iterable[Watcher]) -> int:
    """Do it to the connections that are here. Gives to how many."""
    meant = [watcher for watcher in watchers if call.target.fits(watcher)]
    for watcher in meant:
        if call.kind == "notice":
            watcher.tell(NOTICE, call.body)
        else:
            await watcher.send_away(str(call.body.get("reason", "")))
    return len(meant)


def _within(room: str, wanted: str) -> bool:
    return room == wanted or (Room.parse(wanted).station is None and room.startswith(f"{wanted}:station:"))
