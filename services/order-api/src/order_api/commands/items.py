"""Asking for other lines."""

from dataclasses import dataclass
from typing import Any

from order_api.bodies import NewItem


@dataclass(frozen=True, slots=True)
class AddItems:
    """Add lines."""

    items: tuple[NewItem, ...]


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """Give a line that is not made yet another quantity, other notes or modifiers; `changes` is a merge patch."""

    line_id: str
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HoldItem:
    """Keep a new line back from the kitchen."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FireItem:
    """Let a held line go to the kitchen."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ServeItem:
    """Bring a ready line to the guests."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VoidItem:
    """Strike a line."""

    line_id: str
    reason: str


ToItems = AddItems | ChangeItem | HoldItem | FireItem | ServeItem | VoidItem
