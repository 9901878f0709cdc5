"""A room as a client holds it: a position, and the orders folded from a snapshot and what came since. Pure.

What must not break: versions decide what is applied, each once and in order; `prev` proves that nothing is missing.
Whatever does not fit is noted, never guessed at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from order_contracts.fold import merge_patch
from order_contracts.positions import Position

Event = dict[str, Any]


@dataclass
class Feed:
    """What one client knows of one room.

    Invariants: an order in `orders` is at `versions[order_id]`. One that is in `strangers` was first heard of in the
    middle of its life, as a closed one that no snapshot held; its document has to be fetched, see `adopt`.
    """

    position: str | None = None
    every_version: bool = True  # a station's room has only the events that touch it: versions rise, with holes
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    duplicates: int = 0
    gaps: list[str] = field(default_factory=list)

    def begin(self, snapshot: Mapping[str, Any]) -> None:
        """Begin anew from a snapshot `{position, orders}`."""
        self.position = snapshot["position"]
        self.orders = {order["order_id"]: order for order in snapshot["orders"]}
        self.versions = {order_id: order["version"] for order_id, order in self.orders.items()}
        self.strangers.clear()

    def joined(self, position: str) -> None:
        """Take note of where the live feed goes on."""
        self.position = position

    def take(self, events: Iterable[Event], meta: Mapping[str, Any]) -> list[Event]:
        """Take in a batch, and give the events of it that were applied."""
        if self.position is not None and is_beyond(meta["prev"], self.position):
            self.gaps.append(f"the batch follows {meta['prev']}, held was {self.position}")
        applied = [event for event in events if self._apply(event)]
        self.position = meta["to"] if self.position is None else furthest(self.position, meta["to"])
        return applied

    def adopt(self, document: dict[str, Any]) -> bool:
        """Take in a stranger's document; it may know of events that are still on their way. False if it is too old."""
        order_id, version = document["order_id"], document["version"]
        if version < self.versions.get(order_id, 0):
            return False
        self.orders[order_id], self.versions[order_id] = document, version
        self.strangers.discard(order_id)
        return True

    def _apply(self, event: Event) -> bool:
        order_id, version = event["order_id"], event["version"]
        held = self.versions.get(order_id)
        if held is not None and version <= held:
            self.duplicates += 1
            return False
        if held is not None and version != held + 1 and self.every_version:
            self.gaps.append(f"order {order_id} jumps from version {held} to {version}")
        if held is None and version > 1:
            self.strangers.add(order_id)
        self.versions[order_id] = version
        if order_id not in self.strangers:
            document = merge_patch(self.orders.get(order_id, {}), event["change"])
            self.orders[order_id] = {**document, "version": version}
        return True


def is_beyond(position: str, held: str) -> bool:
    """Whether `position` lies beyond `held` in any partition: whoever holds `held` has missed something."""
    theirs, ours = Position.parse(position), Position.parse(held)
    return theirs.epoch != ours.epoch or any(
        offset > ours.next.get(partition, -1) for partition, offset in theirs.next.items()
    )


def furthest(held: str, reached: str) -> str:
    """Give the position that covers both: a pending batch may end below the position that a snapshot was taken at."""
    ours, theirs = Position.parse(held), Position.parse(reached)
    covered = {**ours.next, **theirs.next}
    return str(Position(ours.epoch, {p: max(o, ours.next.get(p, 0)) for p, o in covered.items()}))
